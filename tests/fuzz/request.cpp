// Bytes of a connection: taken apart as HTTP, routed, run by the handlers on a real database, whose changes are
// taken back after each input. Several requests may follow one another.

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

#include "fuzz/check.hpp"
#include "server/errors.hpp"
#include "server/executor.hpp"
#include "server/service.hpp"
#include "support/temp_dir.hpp"
#include "torc/base/log.hpp"
#include "torc/store/changes.hpp"

namespace torc::fuzz {
namespace {

namespace http = boost::beast::http;

/// A workflow with something of everything, so that small ids lead somewhere.
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

class World {
 public:
  World() : m_database(m_directory.path() / "torc.db"), m_connection(m_database.open(store::Connection::Mode::write)) {
    m_connection.begin();
    for (const auto& [path, body] : k_contents) {
      const auto response = answer("POST", std::string{server::Router::k_prefix} + path, body);
      check(response.status == 200, path, response.body);
    }
    m_connection.commit();
  }

  void take(const std::uint8_t* data, std::size_t size) {
    m_connection.begin();
    boost::asio::const_buffer rest{data, size};
    while (rest.size() != 0 && take_request(rest)) {
    }
    m_connection.rollback();
    m_connection.changes() = {};
  }

 private:
  /// The next request of `rest`. False where no further one can follow.
  bool take_request(boost::asio::const_buffer& rest) {
    http::request_parser<http::string_body> parser;
    parser.eager(true);
    boost::system::error_code error;
    while (!parser.is_done() && rest.size() != 0) {
      const std::size_t used = parser.put(rest, error);
      rest += used;
      if (error || used == 0) {
        return false;
      }
    }
    if (!parser.is_done()) {
      return false;
    }
    auto request = parser.release();
    const auto method = request.method_string();
    const auto target = request.target();
    const auto response =
        answer({method.data(), method.size()}, {target.data(), target.size()}, std::move(request.body()));
    check(response.status < 500, "a request leads to no failure of the server", response.body);
    if (!response.events) {
      check(!model::parse_json(response.body).is_discarded(), "answers are JSON", response.body);
    }
    return true;
  }

  /// As the writer runs it.
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
};

}  // namespace
}  // namespace torc::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static torc::fuzz::World world;
  world.take(data, size);
  return 0;
}
