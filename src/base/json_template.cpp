#include "torc/base/json_template.hpp"

template class nlohmann::basic_json<>;
