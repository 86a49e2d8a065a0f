#pragma once

#include <nlohmann/json.hpp>

// The members of nlohmann::json are compiled once, in json_template.cpp, instead of in each file that uses them. Small
// ones are still inlined where that pays.
extern template class nlohmann::basic_json<>;
