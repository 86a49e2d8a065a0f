#include "cli/print/transfer_progress.hpp"

#include <unistd.h>

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <stop_token>
#include <utility>

#include <fmt/format.h>

#include "cli/print/progress_line.hpp"
#include "torc/base/units.hpp"

namespace torc::cli {
namespace {

struct Amount {
  std::int64_t files{0};
  std::int64_t bytes{0};
};

Amount amount_in(const std::filesystem::path& directory, const std::string& prefix,
                 std::filesystem::file_time_type since) {
  Amount amount;
  std::error_code error;
  std::filesystem::directory_iterator it(directory, error);
  for (; !error && it != std::filesystem::directory_iterator(); it.increment(error)) {
    std::error_code gone;
    const std::string name = it->path().filename().string();
    const auto size = it->file_size(gone);
    if (name.starts_with(prefix) && !gone && it->last_write_time(gone) >= since && !gone) {
      amount.bytes += static_cast<std::int64_t>(size);
      amount.files += name.ends_with(".tar.gz") ? 1 : 0;
    }
  }
  return amount;
}

void paint(const std::string& text) {
  const std::string shown = "\r\x1b[K" + text;
  [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, shown.data(), shown.size());
}

}  // namespace

TransferProgress::TransferProgress(std::filesystem::path directory, std::string prefix, bool wanted)
    : m_directory(std::move(directory)), m_prefix(std::move(prefix)) {
  if (!wanted || !ProgressLine::can_be_seen()) {
    return;
  }
  m_painter = std::jthread([this](const std::stop_token& stop) {
    const auto since = std::filesystem::file_time_type::clock::now();
    std::mutex mutex;
    std::unique_lock lock(mutex);
    std::condition_variable_any none;
    while (!none.wait_for(lock, stop, std::chrono::seconds(1), [&] { return stop.stop_requested(); })) {
      const auto amount = amount_in(m_directory, m_prefix, since);
      paint(fmt::format("  {} archive(s) complete, {} here", amount.files, base::format_bytes(amount.bytes)));
    }
  });
}

TransferProgress::~TransferProgress() {
  if (m_painter.joinable()) {
    m_painter.request_stop();
    m_painter.join();
    paint("");
  }
}

}  // namespace torc::cli
