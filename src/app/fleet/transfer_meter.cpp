#include "app/fleet/transfer_meter.hpp"

#include <chrono>
#include <stop_token>
#include <system_error>
#include <utility>

#include "torc/base/sleep.hpp"

namespace torc::app {
namespace {

TransferProgress progress_in(const std::filesystem::path& directory, const std::string& prefix,
                             std::filesystem::file_time_type since) {
  TransferProgress progress;
  std::error_code error;
  std::filesystem::directory_iterator it(directory, error);
  for (; !error && it != std::filesystem::directory_iterator(); it.increment(error)) {
    std::error_code gone;
    const std::string name = it->path().filename().string();
    const auto size = it->file_size(gone);
    if (name.starts_with(prefix) && !gone && it->last_write_time(gone) >= since && !gone) {
      progress.bytes += static_cast<std::int64_t>(size);
      progress.archives += name.ends_with(".tar.gz") ? 1 : 0;
    }
  }
  return progress;
}

}  // namespace

TransferMeter::TransferMeter(std::filesystem::path directory, std::string prefix, Reporter& reporter)
    : m_directory(std::move(directory)), m_prefix(std::move(prefix)), m_reporter(reporter) {
  if (!reporter.shows_progress()) {
    return;
  }
  m_thread = std::jthread([this](const std::stop_token& stop) {
    const auto since = std::filesystem::file_time_type::clock::now();
    while (base::sleep_unless_stopped(std::chrono::steady_clock::now() + std::chrono::seconds(1), stop)) {
      m_reporter.report(progress_in(m_directory, m_prefix, since));
    }
  });
}

TransferMeter::~TransferMeter() {
  if (m_thread.joinable()) {
    m_thread.request_stop();
    m_thread.join();
    m_reporter.report(TransferEnded{});
  }
}

}  // namespace torc::app
