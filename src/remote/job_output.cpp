#include "torc/remote/job_output.hpp"

#include <unistd.h>

#include <chrono>
#include <thread>

#include "remote/scripts.hpp"
#include "torc/base/error.hpp"
#include "torc/base/file.hpp"

namespace torc::remote {
namespace {

constexpr std::string_view k_out_mark = "#torc-out\n";
constexpr std::string_view k_err_mark = "\n#torc-err\n";
constexpr std::string_view k_done_mark = "\n#torc-done\n";

std::string between(const std::string& text, std::size_t begin, std::size_t end) {
  return begin >= end ? "" : text.substr(begin, end - begin);
}

}  // namespace

JobOutput read_job_output(Transport& transport, const Worker& worker, const JobOutputRequest& request) {
  const auto call = transport.run(worker.address, {.script = job_output_script(worker, request)});
  JobOutput output;
  if (const auto report = Report::parse(call.out)) {
    output.message = "there is no such file on " + worker.name;
    return output;
  }
  const auto out = call.out.find(k_out_mark);
  const auto err = call.out.rfind(k_err_mark);
  const auto done = call.out.rfind(k_done_mark);
  if (out == std::string::npos || err == std::string::npos || done == std::string::npos) {
    output.message = worker.name + ": " + failure_reason(call);
    return output;
  }
  output.found = true;
  output.out = between(call.out, out + k_out_mark.size(), err);
  output.err = between(call.out, err + k_err_mark.size(), done);
  return output;
}

FollowedOutput::FollowedOutput(const SshOptions& options, const Worker& worker, const JobOutputRequest& request) {
  auto pipe = base::Pipe::create();
  const auto command = ssh_command(options, worker.address);
  m_ssh = proc::Child::spawn(
      {.argv = command, .stdin_fd = pipe.read_end.get(), .stdout_fd = STDOUT_FILENO, .stderr_fd = STDERR_FILENO});
  m_input = std::move(pipe.write_end);
  base::write_all(m_input.get(), follow_output_script(worker, request));
}

void FollowedOutput::finish() {
  m_input.reset();
  constexpr std::chrono::seconds k_patience{5};
  const auto until = std::chrono::steady_clock::now() + k_patience;
  while (stands() && std::chrono::steady_clock::now() < until) {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
}

}  // namespace torc::remote
