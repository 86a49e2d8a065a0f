#pragma once

#include <nlohmann/json.hpp>

// The members of nlohmann::json are compiled once, in json_template.cpp, instead of in each file that uses them. The
// compiler may still inline small ones.
extern template class nlohmann::basic_json<>;
