#pragma once

#include <cstdint>
#include <string>

namespace torc::base {

/// 64 random bits from the kernel. @throws SystemError
std::uint64_t random64();

/// A random UUID (version 4) in its usual text form.
std::string random_uuid();

}  // namespace torc::base
