#include "torc/remote/transport.hpp"

#include <algorithm>

namespace torc::remote {
namespace {

/// Reservation for a transport without slots: only limits the width.
class Reservation : public Transport {
 public:
  Reservation(Transport& all, std::size_t width) : m_all(all), m_width(width) {}

  proc::CommandResult run(const model::WorkerAddress& worker, const ScriptCall& call) override {
    return m_all.run(worker, call);
  }
  proc::CommandResult fetch(const model::WorkerAddress& worker, const std::string& remote_path,
                            const std::string& local_path, std::int64_t size) override {
    return m_all.fetch(worker, remote_path, local_path, size);
  }
  proc::CommandResult send(const model::WorkerAddress& worker, const std::string& local_path,
                           const std::string& remote_path) override {
    return m_all.send(worker, local_path, remote_path);
  }
  void run_in_background(const std::vector<BackgroundCall>& calls) override { m_all.run_in_background(calls); }
  std::size_t width() const override { return m_width; }
  std::chrono::milliseconds connect_delay() const override { return m_all.connect_delay(); }

 private:
  Transport& m_all;
  std::size_t m_width;
};

}  // namespace

std::unique_ptr<Transport> Transport::reserve(std::size_t count) {
  return std::make_unique<Reservation>(*this, std::min(count, width()));
}

}  // namespace torc::remote
