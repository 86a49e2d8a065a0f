#pragma once

#include <string>

#include "torc/base/fd.hpp"

namespace torc::archive {

/// Compresses a file with gzip (RFC 1952) into memory. The result is the same for the same content: it has neither a
/// name nor a time. Blocks while it computes: about half a second for 10 MB.
/// @returns a descriptor of the compressed data; other processes of this user can read it as /proc/PID/fd/NUMBER
/// @throws base::SystemError if the file cannot be read, or there is not enough memory
base::Fd gzip_file(const std::string& path);

}  // namespace torc::archive
