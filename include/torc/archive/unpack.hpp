#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>

#include "torc/archive/reader.hpp"
#include "torc/base/short_list.hpp"

// Unpacking archives that are not trusted, in two steps: `survey` reads the archive once and tells how much it
// holds, `why_too_large` compares that with the bounds, and `unpack` writes it.

namespace torc::archive {

/// What an archive holds, by its headers.
struct Survey {
  std::uint64_t entries{0};
  /// What unpacking takes: of each file its size in whole blocks of 4 KiB, of each entry at least one block.
  std::uint64_t bytes{0};
  std::uint64_t packed_bytes{0};  ///< Size of the archive's file.
};

/// Reads all headers of an archive, and checks all of its data.
/// @param visit  Called with each entry; may be empty. What it throws ends the survey.
/// @throws Stopped; base::Error if the archive cannot be read: a clause without its name
Survey survey(const std::filesystem::path& file, const std::stop_token& stop,
              const std::function<void(const Entry&, const Survey& so_far)>& visit = {});

/// How much an archive of `packed_bytes` may hold: `max_size` if given; else 100 times its own size, and never less
/// than 1 GiB. Text packs 5 to 20 times; gzip's most, for a file made for that, is 1030 times.
std::uint64_t most_unpacked_bytes(std::uint64_t packed_bytes, std::optional<std::uint64_t> max_size);

/// Why an archive must not be unpacked below `directory` (which exists): it would hold more than `most_unpacked_bytes`,
/// or the file system has too little room. "" if nothing speaks against it. The clause names the remedy.
std::string why_too_large(const Survey& survey, std::optional<std::uint64_t> max_size,
                          const std::filesystem::path& directory);
/// The first half of that, for whoever only reads the archive.
std::string why_too_large(const Survey& survey, std::optional<std::uint64_t> max_size);

/// What unpacking left out or changed; each text names an entry in printable form.
struct UnpackReport {
  base::ShortList skipped{};   ///< "device ./blk", "link ./shadow (it leaves the directory)".
  base::ShortList stripped{};  ///< Files that had a setuid, setgid or sticky bit: "./suid".
};

/// Unpacks an archive into the new directory `target`, of which no other process knows: regular files, directories,
/// hard links to files of the archive, and symbolic links that stay inside. The rest is skipped and named.
///
/// Names: an absolute one or one with ".." is skipped. Every part of a path is opened without following links, and
/// symbolic links are made last, when nothing is written any more. A link's target may hold ".." after a name only if
/// that name is a directory, so that no combination of links leads out.
/// Permissions: the lowest nine bits, under the umask; the owner can always read and write, and enter directories.
/// Everything belongs to the caller.
/// Bounds: no more is written than `survey` counted, and nothing once the file system is nearly full.
/// @throws Stopped within a second of a stop request; base::Error, a clause without the archive's name. Then `target`
///         is removed, or if that takes longer than half a second after a stop request, the message says what is left.
UnpackReport unpack(const std::filesystem::path& file, const Survey& survey, const std::filesystem::path& target,
                    const std::stop_token& stop);

}  // namespace torc::archive
