#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "torc/metrics/recording.hpp"

namespace torc::metrics {

/// What of the recordings a page shows.
struct PageContent {
  std::string title{};
  bool jobs{true};
  bool machines{true};
  std::optional<std::int64_t> only_job{};
};

/// A page of HTML that needs nothing but itself. Whatever the recordings hold is escaped.
std::string make_page(const std::vector<Recording>& recordings, const PageContent& content);

/// Text for the inside of an element or of a quoted attribute, in printable form (base::printable): a browser obeys
/// characters that change the direction of text.
std::string escape_html(std::string_view text);

}  // namespace torc::metrics
