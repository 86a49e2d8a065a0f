#include "torc/remote/job_output_reader.hpp"

#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <thread>
#include <utility>

#include <fmt/format.h>

#include "remote/scripts/scripts.hpp"
#include "torc/base/error.hpp"
#include "torc/base/file.hpp"
#include "torc/base/non_blocking.hpp"

namespace torc::remote {
namespace {

constexpr std::string_view k_out_mark = "#torc-out\n";
constexpr std::string_view k_err_mark = "\n#torc-err\n";
constexpr std::string_view k_done_mark = "\n#torc-done\n";

constexpr std::size_t k_max_at_once = 4UL << 20U;

/// Reads available bytes, at most about `k_max_at_once`; closes `fd` at the end of the stream.
/// @returns whether more bytes may be available already
template <typename Take>
bool drain(base::Fd& fd, const Take& take) {
  std::array<char, 65536> buffer;
  for (std::size_t sum = 0; fd && sum < k_max_at_once;) {
    const ssize_t count = ::read(fd.get(), buffer.data(), buffer.size());
    if (count > 0) {
      take(std::string_view(buffer.data(), static_cast<std::size_t>(count)));
      sum += static_cast<std::size_t>(count);
    } else if (count < 0 && errno == EINTR) {
      continue;
    } else {
      if (count == 0 || errno != EAGAIN) {
        fd.reset();
      }
      return false;
    }
  }
  return static_cast<bool>(fd);
}

std::string between(const std::string& text, std::size_t begin, std::size_t end) {
  return begin >= end ? "" : text.substr(begin, end - begin);
}

}  // namespace

JobOutput read_job_output(Transport& transport, const Worker& worker, const JobOutputRequest& request) {
  const auto call =
      transport.run(worker.address, {.script = job_output_script(worker, request), .output_limit = k_large_output});
  JobOutput output;
  if (const auto report = Report::parse(call.out)) {
    output.message = "the job has no output files on " + worker.name;
    return output;
  }
  const auto out = call.out.find(k_out_mark);
  const auto err = call.out.rfind(k_err_mark);
  const auto done = call.out.rfind(k_done_mark);
  if (out == std::string::npos || err == std::string::npos || done == std::string::npos) {
    output.message = call.end == proc::CommandResult::End::flooded
                         ? fmt::format(
                               "{}: the output exceeds {} MiB; follow the job with -F while it runs, or fetch its "
                               "output with 'torc remote collect-logs'",
                               worker.name, k_large_output >> 20U)
                         : worker.name + ": " + failure_reason(call);
    return output;
  }
  output.found = true;
  output.out = between(call.out, out + k_out_mark.size(), err);
  output.err = between(call.out, err + k_err_mark.size(), done);
  return output;
}

FollowedOutput::FollowedOutput(const SshOptions& options, const Worker& worker, const JobOutputRequest& request,
                               Sink sink)
    : m_slots(options.slots), m_slot(m_slots->take(1, {})), m_sink(std::move(sink)) {
  auto in = base::Pipe::create();
  auto out = base::Pipe::create();
  auto err = base::Pipe::create();
  const auto command = ssh_command(options, worker.address);
  m_ssh = proc::Child::spawn({.argv = command,
                              .stdin_fd = in.read_end.get(),
                              .stdout_fd = out.write_end.get(),
                              .stderr_fd = err.write_end.get()});
  m_input = std::move(in.write_end);
  base::set_non_blocking(out.read_end.get());
  base::set_non_blocking(err.read_end.get());
  m_out = std::move(out.read_end);
  m_err = std::move(err.read_end);
  base::write_all(m_input.get(), follow_output_script(worker, request));
}

bool FollowedOutput::pass_on() {
  // The state is read first, so that output sent before the end of the connection is not lost.
  const bool connected = m_ssh.running() && !m_ssh.try_wait();
  const bool more_out = drain(m_out, [this](std::string_view bytes) { m_sink(false, bytes); });
  const bool more_err = drain(m_err, [this](std::string_view bytes) { m_sink(true, bytes); });
  return connected || more_out || more_err;
}

void FollowedOutput::finish() {
  m_input.reset();
  constexpr std::chrono::seconds k_timeout{5};
  const auto until = std::chrono::steady_clock::now() + k_timeout;
  while (pass_on() && std::chrono::steady_clock::now() < until) {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
}

}  // namespace torc::remote
