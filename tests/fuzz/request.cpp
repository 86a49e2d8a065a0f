// Bytes of a connection, in segments: the real session reads them from a socket and routes them, and the handlers run
// on a real database, whose changes are rolled back after each input. Each byte 0xFE, which does not occur in UTF-8,
// ends a segment, so that the fuzzer chooses what arrives together. From a byte 0xFD on, the handlers answer late,
// after the session has checked its time limits. An input may contain several requests.

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>

#include "fuzz/check.hpp"
#include "server/access/browser_rules.hpp"
#include "server/errors.hpp"
#include "server/execution/executor.hpp"
#include "server/http/http_session.hpp"
#include "server/service.hpp"
#include "support/temp_dir.hpp"
#include "torc/base/fd.hpp"
#include "torc/base/log.hpp"
#include "torc/store/changes.hpp"

namespace torc::fuzz {
namespace {

constexpr char k_segment_end = '\xfe';
constexpr char k_late_answers = '\xfd';

/// A workflow with records of every kind, so that small IDs exist.
constexpr std::pair<const char*, const char*> k_contents[] = {
    {"/workflows", R"({"name":"w","user":"u"})"},
    {"/workflows", R"({"name":"other","user":"u"})"},
    {"/resource_requirements", R"({"workflow_id":1,"name":"r","num_cpus":2,"memory":"1g","runtime":"PT1H"})"},
    {"/files", R"({"workflow_id":1,"name":"f1","path":"/f1"})"},
    {"/files", R"({"workflow_id":1,"name":"f2","path":"/f2","st_mtime":1.5})"},
    {"/user_data", R"({"workflow_id":1,"name":"u1","data":{"a":[1]}})"},
    {"/user_data", R"({"workflow_id":1,"name":"u2","is_ephemeral":true})"},
    {"/failure_handlers", R"({"workflow_id":1,"name":"h","rules":"[]"})"},
    {"/slurm_schedulers", R"({"workflow_id":1,"name":"s","account":"a","nodes":1,"walltime":"01:00:00"})"},
    {"/local_schedulers", R"({"workflow_id":1,"name":"l","memory":"4g","num_cpus":2})"},
    {"/jobs", R"({"workflow_id":1,"name":"a","command":"true","output_file_ids":[1],"output_user_data_ids":[1]})"},
    {"/jobs", R"({"workflow_id":1,"name":"b","command":"true","input_file_ids":[1],"input_user_data_ids":[1]})"},
    {"/jobs", R"({"workflow_id":1,"name":"c","command":"true","depends_on_job_ids":[1,2],"priority":3})"},
    {"/jobs", R"({"workflow_id":1,"name":"d","command":"true","resource_requirements_id":3,"failure_handler_id":1})"},
    {"/compute_nodes",
     R"({"workflow_id":1,"hostname":"h","pid":1,"start_time":"2026-01-01T00:00:00Z","num_cpus":4,"memory_gb":8,)"
     R"("num_gpus":0,"num_nodes":1,"compute_node_type":"local","is_active":true})"},
    {"/scheduled_compute_nodes",
     R"({"workflow_id":1,"scheduler_id":1,"scheduler_config_id":1,"scheduler_type":"slurm","status":"pending"})"},
    {"/workflows/1/actions",
     R"({"workflow_id":1,"trigger_type":"on_workflow_start","action_type":"run_commands","action_config":{"commands":[]}})"},
    {"/workflows/1/remote_workers", R"(["h1","ann@h2:2222"])"},
    {"/access_groups", R"({"name":"g"})"},
    {"/access_groups/1/members", R"({"group_id":1,"user_name":"u","role":"member"})"},
    {"/workflows/1/access_groups/1", ""},
    {"/ro_crate_entities", R"({"workflow_id":1,"entity_id":"e","entity_type":"File","metadata":"{}"})"},
    {"/events", R"({"workflow_id":1,"timestamp":1,"data":{"category":"c"}})"},
    {"/workflows/1/initialize_jobs", ""},
    {"/workflows/1/claim_next_jobs?limit=1&compute_node_id=1", ""},
    {"/slurm_stats", R"({"workflow_id":1,"job_id":1,"run_id":0,"attempt_id":1})"},
};

class World final : public server::SessionOwner {
 public:
  World() : m_database(m_directory.path() / "torc.db"), m_connection(m_database.open(store::Connection::Mode::write)) {
    store::Transaction transaction{m_connection};
    for (const auto& [path, body] : k_contents) {
      const auto response = answer("POST", std::string{server::Router::k_prefix} + path, body);
      check(response.status == 200, path, response.body);
    }
    transaction.commit();
  }

  void take(std::string_view bytes) {
    const store::Transaction transaction{m_connection};  // Rolled back at the end.
    auto [near, far] = connected_sockets();
    const auto session = open_session(std::move(near));
    while (!bytes.empty() && m_is_open) {
      const auto size = std::min(bytes.find(k_segment_end), bytes.size());
      m_answers_late = m_answers_late || bytes.substr(0, size).find(k_late_answers) != std::string_view::npos;
      send(far.get(), bytes.substr(0, size));
      answer_late(session);
      bytes.remove_prefix(std::min(size + 1, bytes.size()));
    }
    far.reset();
    run();
    answer_late(session);
    if (const auto open = session.lock()) {
      // As the listener does regularly, to find that the client of a stream of events has disconnected.
      open->check_deadline(server::HttpSession::Clock::now() + std::chrono::hours{1});
    }
    run();
    check(!m_is_open, "a connection ends when the client closes it", "");
    check(m_body_bytes == 0, "no memory stays reserved for bodies", std::to_string(m_body_bytes));
    m_answers_late = false;
    m_connection.changes() = {};
  }

  const server::HttpLimits& limits() const override { return m_limits; }
  bool stopping() const override { return false; }
  void handle(server::Incoming request, server::Reply reply) override {
    auto response = answer(request.method, request.target, std::move(request.body));
    check(response.status < 500, "no request causes an internal error", response.body);
    if (!response.events) {
      check(!model::parse_json(response.body).is_discarded(), "answers are JSON", response.body);
    }
    later([reply = std::move(reply), response = std::move(response)] { reply(response); });
  }
  std::optional<server::Response> refusal(const server::Incoming& head) override {
    const auto why = server::refusal_by_rules({}, head.method, head.target, head.fields);
    check(!why || why->status == 400 || why->status == 403 || why->status == 415, "a rule answers with 4xx",
          std::string{head.target});
    // Few inputs have a Host that names this machine; the others should reach the handlers nevertheless.
    return std::nullopt;
  }
  void admit(const server::Incoming& head, server::Admitted then) override {
    check(!head.target.empty(), "a request that is admitted has a target", "");
    later([then = std::move(then)] { then(std::nullopt); });
  }
  bool reserve_body(std::size_t bytes) override {
    m_body_bytes += bytes;
    return true;
  }
  void release_body(std::size_t bytes) override { m_body_bytes -= bytes; }
  server::EventHub& events() override { return m_events; }
  void ended(server::HttpSession* /*session*/) override { m_is_open = false; }

 private:
  void later(std::function<void()> answer) {
    if (m_answers_late) {
      m_late.push_back(std::move(answer));
    } else {
      answer();
    }
  }

  /// Sends the late answers, as the other threads of a server do while the network thread is idle.
  void answer_late(const std::weak_ptr<server::HttpSession>& session) {
    while (!m_late.empty()) {
      if (const auto open = session.lock()) {
        open->check_deadline(server::HttpSession::Clock::now() + std::chrono::seconds{2});
      }
      for (const auto& answer : std::exchange(m_late, {})) {
        answer();
      }
      run();
    }
  }

  std::pair<server::Stream::Socket, base::Fd> connected_sockets() {
    std::array<int, 2> sockets{};
    check(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, sockets.data()) == 0, "sockets", "");
    return {server::Stream::Socket{m_context, boost::asio::generic::stream_protocol{AF_UNIX, 0}, sockets[0]},
            base::Fd{sockets[1]}};
  }

  std::weak_ptr<server::HttpSession> open_session(server::Stream::Socket socket) {
    const auto session = std::make_shared<server::HttpSession>(std::move(socket), "a client", nullptr, *this);
    m_is_open = true;
    session->start(/*is_welcome=*/true);
    return session;
  }

  void send(int socket, std::string_view bytes) {
    while (!bytes.empty() && m_is_open) {
      const auto sent = ::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      bytes.remove_prefix(sent > 0 ? static_cast<std::size_t>(sent) : 0);
      run();
      std::array<char, 65536> answers{};
      while (::recv(socket, answers.data(), answers.size(), 0) > 0) {
        run();
      }
    }
  }

  void run() {
    m_context.restart();
    while (m_context.poll() > 0) {
    }
  }

  /// Runs a request in a savepoint, as the writer does.
  server::Response answer(std::string_view method, std::string_view target, std::string body) {
    m_connection.savepoint();
    try {
      server::Request request;
      const auto& route = m_router.find(method, target, request);
      request.body = std::move(body);
      auto response = route.handler(request, m_connection);
      m_connection.release_savepoint();
      return response;
    } catch (...) {
      auto response = server::response_of_current_exception();
      m_connection.rollback_to_savepoint();
      return response;
    }
  }

  support::TempDir m_directory;
  store::Database m_database;
  store::Connection m_connection;
  server::Router m_router{server::routes()};
  server::HttpLimits m_limits{.body = 64 * 1024, .header = 4096};
  std::size_t m_body_bytes{0};
  server::EventHub m_events;
  boost::asio::io_context m_context{1};
  bool m_is_open{false};  ///< Whether the session exists.
  bool m_answers_late{false};
  std::vector<std::function<void()>> m_late;
};

}  // namespace
}  // namespace torc::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static torc::fuzz::World world;
  const void* const bytes = data;
  world.take({static_cast<const char*>(bytes), size});
  return 0;
}
