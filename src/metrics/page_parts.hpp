#pragma once

#include <string_view>

// The files of src/metrics/page, embedded at build time.

namespace torc::metrics {

extern const std::string_view k_page_html;  ///< With placeholders {{name}}, which `make_page` replaces.
extern const std::string_view k_page_css;
extern const std::string_view k_chart_js;
extern const std::string_view k_overview_js;
extern const std::string_view k_page_js;

}  // namespace torc::metrics
