#include <algorithm>

#include "remote/scripts/scripts.hpp"

namespace torc::remote {
namespace {

constexpr std::string_view k_search_main = R"sh(
is_wanted() {
  case $probe in *"\"version\":\"$wanted\""*) return 0 ;; esac
  case "$version " in "torc $wanted "*) return 0 ;; esac
  return 1
}

search() {
  has_torc=
  torc=$target
  if [ -f "$torc" ] && [ -x "$torc" ]; then
    ask_torc
    if is_wanted; then has_torc=$torc; return; fi
  fi
  find_torc
  if [ -n "$torc" ] && [ "$torc" != "$target" ]; then
    ask_torc
    if is_wanted; then has_torc=$torc; fi
  fi
}

make_directory() {
  message=$(mkdir -p -- "$directory" 2>&1) || fail "$message"
  [ -w "$directory" ] || fail "cannot write to $directory"
  [ ! -d "$target" ] || fail "$target is a directory"
}

main() {
  set_places
  # The probe also connects to a server, which is not needed here.
  TORC_API_URL=http://127.0.0.1:1/torc-service/v1
  export TORC_API_URL
  expand "$prefix"
  directory=${expanded%/}/bin
  target=$directory/torc
  machine=$(uname -sm)
  probe=
  has_torc=
  if [ -z "$force" ]; then search; fi
  case $newline$machines in
    *"$newline$machine$newline"*) if [ -z "$has_torc" ]; then make_directory; fi ;;
  esac
  report_begin
  put machine "$machine"
  if command -v gzip >/dev/null 2>&1; then put gzip 1; fi
  put target "$target"
  put has_torc "$has_torc"
  put probe "$probe"
  report_end
}
)sh";

constexpr std::string_view k_place_main = R"sh(
fail_to_unpack() {
  reason=${message##*"$newline"}
  case $message in
    *'No space left'* | *'quota exceeded'*) fail "no space left for $target ($reason)" ;;
    *'not in gzip format'* | *'unexpected end'* | *crc* | *corrupt* | *'invalid magic'* | *'format violated'*)
      fail "the program was damaged during the transfer ($reason)"
      ;;
    *) fail "cannot unpack the copied program: $reason" ;;
  esac
}

main() {
  trap 'rm -f -- "$temporary" "$temporary$packed_suffix"' EXIT
  # PIPE: the connection may end while this runs, and dash and busybox then skip the trap of EXIT.
  trap 'exit 1' HUP INT TERM PIPE
  was_packed=
  if [ -f "$temporary$packed_suffix" ]; then
    was_packed=1
    message=$({ gzip -dc <"$temporary$packed_suffix" >"$temporary"; } 2>&1) || fail_to_unpack
  fi
  if [ -n "$was_packed" ] && ! command -v cksum >/dev/null 2>&1; then
    # Some builds of busybox lack cksum. gzip has verified its own checksum of the content.
    sum="${checksum% *} $(wc -c <"$temporary")"
  else
    sum=$(cksum 2>&1 <"$temporary") || fail "cannot verify the copied program: ${sum##*"$newline"}"
  fi
  set -- $sum
  [ "$1 $2" = "$checksum" ] || fail "the program was damaged during the transfer"
  message=$(chmod 755 -- "$temporary" 2>&1) || fail "$message"
  said=$(limited "$temporary" --version 2>&1 </dev/null)
  status=$?
  report_begin
  put status "$status"
  if [ "$status" != 0 ] || [ "${said##*"$newline"}" != "torc $wanted" ]; then
    printf '%s\n' "$said" | tail -n 20 | while IFS= read -r line; do put said "$line"; done
    ldd "$temporary" 2>/dev/null | while read -r name arrow rest; do
      if [ "$rest" = 'not found' ]; then put missing "$name"; fi
    done
  elif message=$(mv -f -- "$temporary" "$target" 2>&1); then
    put installed "$target"
  else
    fail "$message"
  fi
  report_end
}
)sh";

constexpr std::string_view k_discard_torc_main = R"sh(
main() {
  trap 'rm -f -- "$temporary" "$temporary$packed_suffix"' EXIT
  trap 'exit 1' HUP INT TERM PIPE
  message=
  # sftp does not report a full disk as the reason of a failure, but writing to the file here does.
  for file in "$temporary" "$temporary$packed_suffix"; do
    if [ -f "$file" ] && command -v head >/dev/null 2>&1; then
      message=$({ head -c 65536 /dev/zero >>"$file"; } 2>&1) && message=
    fi
  done
  report_begin
  put discarded "${message##*"$newline"}"
  report_end
}
)sh";

}  // namespace

std::string find_torc_script(const Worker& worker, const InstallSettings& settings) {
  std::string machines;
  for (const auto& program : settings.programs) {
    machines += program.machine + "\n";
  }
  return worker_script(worker, settings.workflow, "")
      .set("remote_torc", "")
      .set("probe_limit", std::to_string(std::max<std::int64_t>(1, settings.limit.count() / 4)))
      .set("prefix", settings.prefix)
      .set("force", settings.force ? "1" : "")
      .set("wanted", settings.version)
      .set("machines", machines)
      .add(torc_functions())
      .add(k_search_main)
      .text();
}

std::string place_torc_script(const InstallSettings& settings, const Checksum& checksum, const std::string& temporary,
                              const std::string& target) {
  return bare_script()
      .set("probe_limit", std::to_string(std::max<std::int64_t>(1, settings.limit.count() / 4)))
      .set("wanted", settings.version)
      .set("checksum", std::to_string(checksum.crc) + " " + std::to_string(checksum.size))
      .set("temporary", temporary)
      .set("packed_suffix", k_packed_suffix)
      .set("target", target)
      .add(torc_functions())
      .add(k_place_main)
      .text();
}

std::string discard_torc_script(const std::string& temporary) {
  return bare_script()
      .set("temporary", temporary)
      .set("packed_suffix", k_packed_suffix)
      .add(torc_functions())
      .add(k_discard_torc_main)
      .text();
}

}  // namespace torc::remote
