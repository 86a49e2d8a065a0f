#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "torc/metrics/recording.hpp"

namespace torc::metrics {

/// Which parts of the recordings a page shows.
struct PageContent {
  std::string title{};
  bool jobs{true};
  bool machines{true};
  std::optional<std::int64_t> only_job{};
};

/// A self-contained HTML page. All text from the recordings is escaped.
std::string make_page(const std::vector<Recording>& recordings, const PageContent& content);

/// Escapes text for the content of an element or a quoted attribute. Also replaces unprintable characters
/// (base::printable), because browsers obey those that change the direction of text.
std::string escape_html(std::string_view text);

}  // namespace torc::metrics
