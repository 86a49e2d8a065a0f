#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>

#include "torc/archive/reader.hpp"
#include "torc/base/short_list.hpp"

// Unpacks untrusted archives in two steps: `survey` reads the archive once and returns its size, `why_too_large`
// compares that with the limits, and `unpack` writes the files.

namespace torc::archive {

/// The size of an archive's content, according to its headers.
struct Survey {
  std::uint64_t entries{0};
  /// Space needed for unpacking: file sizes rounded up to blocks of 4 KiB, at least one block per entry.
  std::uint64_t bytes{0};
  std::uint64_t packed_bytes{0};  ///< Size of the archive's file.
};

/// Reads all headers of an archive, and checks all of its data.
/// @param visit  Called with each entry; may be empty. An exception from it ends the survey.
/// @throws Stopped; base::Error if the archive cannot be read, with a clause without its name
Survey survey(const std::filesystem::path& file, const std::stop_token& stop,
              const std::function<void(const Entry&, const Survey& so_far)>& visit = {});

/// Limit for the unpacked size of an archive of `packed_bytes`: `max_size` if given, else 100 times the packed size,
/// but at least 1 GiB. Text is usually compressed by a factor of 5 to 20; the maximum of gzip, for specially made
/// files, is 1030.
std::uint64_t most_unpacked_bytes(std::uint64_t packed_bytes, std::optional<std::uint64_t> max_size);

/// Why an archive must not be unpacked below the existing `directory`: it exceeds `most_unpacked_bytes`, or the file
/// system has too little space. "" if it may be unpacked. The clause names the remedy.
std::string why_too_large(const Survey& survey, std::optional<std::uint64_t> max_size,
                          const std::filesystem::path& directory);
/// The same without the check of free space, for reading an archive without unpacking it.
std::string why_too_large(const Survey& survey, std::optional<std::uint64_t> max_size);

/// What was skipped or changed by unpacking; each text names an entry in printable form.
struct UnpackReport {
  base::ShortList skipped{};   ///< "device ./blk", "link ./shadow (it leaves the directory)".
  base::ShortList stripped{};  ///< Files that had a setuid, setgid or sticky bit: "./suid".
};

/// Unpacks an archive into the new directory `target`, which no other process may know: regular files, directories,
/// hard links to files of the archive, and symbolic links that stay inside. All other entries are skipped and reported.
///
/// Names: absolute names and names with ".." are skipped. Every component of a path is opened without following links,
/// and symbolic links are created last, when no more files are written. A link's target may contain ".." after a name
/// only if that name is a directory, so that no combination of links leads out of `target`.
/// Permissions: the lowest nine bits, restricted by the umask; the owner can always read and write, and enter
/// directories. Everything belongs to the caller.
/// Limits: writes at most what `survey` counted, and stops when the file system is nearly full.
/// @throws Stopped within a second of a stop request; base::Error, with a clause without the archive's name. `target`
/// is removed first; if that takes longer than half a second after a stop request, the message says what is left.
UnpackReport unpack(const std::filesystem::path& file, const Survey& survey, const std::filesystem::path& target,
                    const std::stop_token& stop);

}  // namespace torc::archive
