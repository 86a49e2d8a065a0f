#include "torc/remote/tunnel.hpp"

#include <gtest/gtest.h>

#include <poll.h>
#include <sys/stat.h>

#include <atomic>
#include <mutex>
#include <thread>

#include <fmt/format.h>

#include "remote/tunnel/tunnel_clients.hpp"
#include "torc/base/error.hpp"
#include "torc/base/strings.hpp"
#include "torc/proc/spawn.hpp"
#include "torc/remote/tunnel_link.hpp"

#include "local_worker.hpp"

namespace torc::remote {
namespace {

using Words = std::vector<std::string>;

TEST(TunnelTarget, IsHostAndPortOfTheUrl) {
  EXPECT_EQ(tunnel_target("http://127.0.0.1:8080/torc-service/v1", false).text(), "127.0.0.1:8080");
  EXPECT_EQ(tunnel_target("http://user:w@rd@login1/torc-service/v1", false).text(), "login1:80");
  EXPECT_EQ(tunnel_target("http://[::1]:8080/torc-service/v1", false).text(), "[::1]:8080");
  EXPECT_EQ(tunnel_target("https://localhost/torc-service/v1", false).text(), "localhost:443");
  EXPECT_THROW(tunnel_target("http://h:0/v1", false), base::UsageError);
  EXPECT_THROW(tunnel_target("http://h:x/v1", false), base::UsageError);
  EXPECT_THROW(tunnel_target("http:///v1", false), base::UsageError);
}

TEST(TunnelTarget, RefusesACertificateThatCannotBeValid) {
  EXPECT_THROW(tunnel_target("https://torc.example.org/torc-service/v1", false), base::UsageError);
  EXPECT_THROW(tunnel_target("HTTPS://torc.example.org/torc-service/v1", false), base::UsageError);
  EXPECT_EQ(tunnel_target("https://torc.example.org/torc-service/v1", true).text(), "torc.example.org:443");
}

TEST(TunnelUrl, KeepsOnlyANameThatACertificateMayHave) {
  EXPECT_EQ(url_through_tunnel("http://localhost:8080/torc-service/v1", 20001),
            "http://127.0.0.1:20001/torc-service/v1");
  EXPECT_EQ(url_through_tunnel("https://localhost:8443/x", 20001), "https://localhost:20001/x");
  EXPECT_EQ(url_through_tunnel("http://[::1]:8080/x", 20001), "http://127.0.0.1:20001/x");
  EXPECT_EQ(url_through_tunnel("http://me:pw@login1/x", 20001), "http://me:pw@127.0.0.1:20001/x");
}

TEST(TunnelPort, IsAlwaysTheSameAndBelowTheEphemeralPorts) {
  const WorkflowRef workflow{.server_id = "id", .workflow_id = 42};
  EXPECT_EQ(tunnel_port(workflow, "ws1", 0), tunnel_port(workflow, "ws1", 0));
  EXPECT_NE(tunnel_port(workflow, "ws1", 0), tunnel_port(workflow, "ws1", 1));
  for (int i = 0; i < 1000; ++i) {
    const int port = tunnel_port(workflow, "ws1", i);
    EXPECT_TRUE(port >= 20'000 && port < 30'000) << port;
  }
}

TEST(ReconnectPause, GrowsToALimit) {
  using std::chrono::milliseconds;
  EXPECT_EQ(reconnect_pause(1, 1.0), milliseconds(500));
  EXPECT_EQ(reconnect_pause(1, 0.5), milliseconds(250));
  EXPECT_EQ(reconnect_pause(3, 1.0), milliseconds(2'000));
  EXPECT_EQ(reconnect_pause(1'000'000, 1.0), milliseconds(30'000));
}

TEST(SshTunnelCommand, SharesNoConnectionAndFailsWithoutTheForward) {
  SshOptions options;
  options.options = {"ProxyJump=gate"};
  const auto words =
      ssh_tunnel_command(options, model::WorkerAddress::parse("alice@ws3:2222"), 20001, {.host = "::1", .port = 8080});
  const Words front{
      "ssh",           "-o", "ControlMaster=no", "-o", "ControlPath=none", "-o", "ClearAllForwardings=no", "-o",
      "ProxyJump=gate"};
  EXPECT_EQ(Words(words.begin(), words.begin() + static_cast<std::ptrdiff_t>(front.size())), front);
  const Words back{"-o",    "ExitOnForwardFailure=yes",
                   "-R",    "127.0.0.1:20001:[::1]:8080",
                   "-T",    "-p",
                   "2222",  "-l",
                   "alice", "--",
                   "ws3",   "exec sh -s"};
  EXPECT_EQ(Words(words.end() - static_cast<std::ptrdiff_t>(back.size()), words.end()), back);
  EXPECT_THROW(ssh_tunnel_command({}, {.user = "", .host = "-x", .port = {}}, 20001, {.host = "h", .port = 1}),
               base::Error);
}

TEST(TunnelMessages, SurviveARoundTrip) {
  TunnelRequest request{.workers = make_workers({"alice@ws3:2222", "ws1"})};
  request.options.options = {"ProxyJump=gate"};
  const auto read = TunnelRequest::parse(request.text());
  ASSERT_EQ(read.workers.size(), 2U);
  EXPECT_EQ(read.workers[0].stored, "alice@ws3:2222");
  EXPECT_EQ(read.workers[0].address.port, 2222);
  EXPECT_EQ(read.workers[0].key, request.workers[0].key);
  EXPECT_EQ(read.options.options, request.options.options);
  EXPECT_FALSE(read.end_when_idle);
  EXPECT_TRUE(TunnelRequest::parse(TunnelRequest{.end_when_idle = true}.text()).end_when_idle);
  EXPECT_THROW(TunnelRequest::parse("{}"), base::Error);
  EXPECT_THROW(TunnelRequest::parse("no JSON"), base::Error);
  EXPECT_THROW(TunnelRequest::parse(R"({"ask": "hold", "workers": [1], "ssh": {}})"), base::Error);
  EXPECT_THROW(parse_tunnel_answer(tunnel_refusal("no")), base::Error);
}

/// A tunnel in its own thread, with a script instead of ssh.
class TunnelTest : public ::testing::Test {
 public:
  /// As `main` does: writing to an ssh that ends at once must not raise SIGPIPE.
  static void SetUpTestSuite() { proc::prepare_signals_for_children(); }

 protected:
  TunnelTest() : m_place((::setenv("XDG_STATE_HOME", m_dir.path().c_str(), 1), m_workflow)) {}
  void TearDown() override {
    stop();
    ::unsetenv("XDG_STATE_HOME");
  }

  void start(const std::string& ssh, std::size_t width = 10) {
    m_options.ssh_program = (m_dir.path() / "ssh").string();
    write_program(m_options.ssh_program,
                  "#!/bin/sh\necho \"$@\" >>'" + (m_dir.path() / "calls").string() + "'\n" + ssh);
    m_place.make();
    m_tunnel = std::make_unique<Tunnel>(TunnelSettings{.workflow = m_workflow,
                                                       .target = {.host = "127.0.0.1", .port = 8080},
                                                       .slots = std::make_shared<SshSlots>(width),
                                                       .environment = {"PATH=/usr/bin:/bin"},
                                                       .on_change = [this](const Forward& forward) {
                                                         const std::scoped_lock lock(m_mutex);
                                                         m_changes.push_back(forward);
                                                       }});
    m_tunnel->listen(m_place.listen());
    m_thread = std::jthread([this](const std::stop_token& token) { m_tunnel->run(token); });
  }
  void stop() { m_thread = std::jthread(); }

  std::vector<Forward> hold(const std::vector<std::string>& addresses) {
    TunnelLink link(m_place.connect());
    return link.hold(make_workers(addresses), m_options, std::chrono::seconds(30), {});
  }
  std::vector<std::string> calls() const { return base::split_lines(base::read_file_or_empty(m_dir.path() / "calls")); }
  Forward last_change() {
    const std::scoped_lock lock(m_mutex);
    return m_changes.empty() ? Forward{} : m_changes.back();
  }

  support::TempDir m_dir;
  WorkflowRef m_workflow{.server_id = "id", .workflow_id = 42};
  SshOptions m_options;
  TunnelPlace m_place;
  std::unique_ptr<Tunnel> m_tunnel;
  std::mutex m_mutex;
  std::vector<Forward> m_changes;
  std::jthread m_thread;
};

constexpr const char* k_stands = "printf '\\n%s\\n' '#torc-tunnel-up'\nexec cat >/dev/null\n";

TEST_F(TunnelTest, HoldsEachWorkerOnceAndEndsWithAll) {
  start(k_stands, 1);
  const auto forwards = hold({"ws1", "ws2", "ws3"});
  ASSERT_EQ(forwards.size(), 3U);
  for (const auto& forward : forwards) {
    EXPECT_TRUE(forward.up) << forward.error;
  }
  EXPECT_EQ(forwards[0].port, tunnel_port(m_workflow, "ws1", 0));
  EXPECT_EQ(hold({"ws1", "ws4"}).size(), 2U);
  EXPECT_EQ(calls().size(), 4U);
  EXPECT_TRUE(comes_true([&] { return m_tunnel->clients() == 0; }));
  stop();
  EXPECT_TRUE(proc::children_of_this_process().empty());
}

TEST_F(TunnelTest, ReconnectsOnTheSamePort) {
  start("printf '\\n%s\\n' '#torc-tunnel-up'\n[ -e \"$0.once\" ] && exec cat >/dev/null\n: >\"$0.once\"\n");
  const int port = hold({"ws1"}).front().port;
  EXPECT_TRUE(comes_true([&] { return calls().size() == 2 && last_change().up; }));
  EXPECT_EQ(last_change().port, port);
}

TEST_F(TunnelTest, TriesOtherPortsAndReportsWhatMayForbidThem) {
  start(
      "case \"$*\" in *' -R '*) echo 'Error: remote port forwarding failed for listen port 1' >&2; exit 255 ;; esac\n"
      "exec cat >/dev/null\n");
  const auto forward = hold({"ws1"}).front();
  EXPECT_FALSE(forward.up);
  EXPECT_NE(forward.error.find("AllowTcpForwarding"), std::string::npos) << forward.error;
  // The first port twice, with a search for an old connection in between, and four others.
  EXPECT_EQ(calls().size(), 7U);
}

TEST_F(TunnelTest, ReportsWhySshFails) {
  start("echo 'ssh: connect to host ws1 port 22: No route to host' >&2; exit 255\n");
  const auto forward = hold({"ws1"}).front();
  EXPECT_EQ(forward.error, "ssh: connect to host ws1 port 22: No route to host");
}

TEST_F(TunnelTest, GivesUpACallThatHangs) {
  m_options.script_limit = std::chrono::milliseconds(200);
  start("exec sleep 60\n");
  EXPECT_EQ(hold({"ws1"}).front().error, "timed out");
}

TEST_F(TunnelTest, EndsAnSshThatPrintsEndlessly) {
  start("exec yes\n");
  const auto forward = hold({"ws1"}).front();
  EXPECT_FALSE(forward.up);
  EXPECT_NE(forward.error.find("endless output"), std::string::npos) << forward.error;
  EXPECT_TRUE(comes_true([&] { return calls().size() >= 2; })) << "it must be tried again";
}

TEST_F(TunnelTest, SendsAnswersLargerThanASocketBuffer) {
  m_place.make();
  TunnelClients clients;
  clients.listen(m_place.listen());
  std::vector<std::string> addresses;
  for (int i = 0; i < 5'000; ++i) {
    addresses.push_back("worker" + std::to_string(i));
  }
  const auto workers = make_workers(addresses);
  std::atomic<bool> done{false};
  std::jthread serving([&] {
    while (!done) {
      std::vector<pollfd> polled;
      clients.add_polled(polled);
      ::poll(polled.data(), polled.size(), 10);
      clients.turn([](const TunnelRequest&) {});
      clients.answer([](const std::string& worker) {
        return Forward{.worker = worker, .name = worker, .error = std::string(100, 'x')};
      });
    }
  });
  TunnelLink link(m_place.connect());
  const auto forwards = link.hold(workers, m_options, std::chrono::seconds(30), {});
  done = true;
  EXPECT_EQ(forwards.size(), workers.size());
  EXPECT_EQ(forwards.back().worker, "worker4999");
}

TEST_F(TunnelTest, WaitsForAnotherStartUntilAStop) {
  m_place.make();
  const auto held = m_place.take_start_lock({}, [](const auto&) {});
  std::stop_source stop;
  std::string holder;
  const auto began = std::chrono::steady_clock::now();
  EXPECT_THROW(m_place.take_start_lock(stop.get_token(),
                                       [&](const std::string& text) {
                                         holder = text;
                                         stop.request_stop();
                                       }),
               base::Error);
  EXPECT_EQ(holder, fmt::format("process {} on {} holds {}", ::getpid(), proc::host_name(),
                                (m_place.directory() / "start_lock").string()));
  EXPECT_GE(std::chrono::steady_clock::now() - began, std::chrono::seconds(5));
}

TEST_F(TunnelTest, KeepsItsStateFromOthers) {
  const auto umask_before = ::umask(0);
  m_place.make();
  const auto held = m_place.take_start_lock({}, [](const auto&) {});
  const auto lock = m_place.take_lock();
  m_place.write({.id = "x"});
  ::umask(umask_before);
  EXPECT_EQ(fs::status(m_place.directory()).permissions(), fs::perms::owner_all);
  for (const char* name : {"start_lock", "lock", "state"}) {
    EXPECT_EQ(fs::status(m_place.directory() / name).permissions(), fs::perms::owner_read | fs::perms::owner_write)
        << name;
  }
}

TEST_F(TunnelTest, AnswersInvalidRequestsWithAnError) {
  start(k_stands);
  {
    const base::Fd socket = m_place.connect();
    base::write_all(socket.get(), "{\"ask\": 1}\n");
    pollfd polled{socket.get(), POLLIN, 0};
    ASSERT_EQ(::poll(&polled, 1, 10'000), 1);
    std::string answer(200, '\0');
    answer.resize(static_cast<std::size_t>(std::max<ssize_t>(0, ::read(socket.get(), answer.data(), answer.size()))));
    EXPECT_NE(answer.find("\"error\""), std::string::npos) << answer;
  }
  EXPECT_TRUE(hold({"ws1"}).front().up);
  TunnelLink(m_place.connect()).end_when_idle();
  EXPECT_TRUE(m_tunnel->is_to_end_when_idle());
  hold({"ws1"});
  EXPECT_FALSE(m_tunnel->is_to_end_when_idle());
}

TEST_F(TunnelTest, TheRecordDistinguishesTheProcessFromALaterOne) {
  m_place.make();
  auto info = TunnelInfo::of_this_process({.host = "127.0.0.1", .port = 8080});
  info.ports["ws1"] = 20001;
  info.id = "id";
  m_place.write(info);
  EXPECT_EQ(m_place.info()->state(), TunnelInfo::State::running);
  EXPECT_EQ(m_place.info()->ports, info.ports);
  EXPECT_EQ(m_place.info()->id, info.id);
  ++info.start_ticks;
  EXPECT_EQ(info.state(), TunnelInfo::State::died);
  --info.start_ticks;
  info.boot_id = "another";
  EXPECT_EQ(info.state(), TunnelInfo::State::died);
  info.host += "x";
  EXPECT_EQ(info.state(), TunnelInfo::State::elsewhere);
  info.ended = "signal 15";
  EXPECT_EQ(info.state(), TunnelInfo::State::died) << "runners may still need it";
  info.over = true;
  EXPECT_EQ(info.state(), TunnelInfo::State::over);
  write_text(m_place.directory() / "state", "{\"pid\": \"x\"}");
  EXPECT_FALSE(m_place.info());
}

TEST_F(TunnelTest, OneProcessHoldsIt) {
  m_place.make();
  const auto lock = m_place.take_lock();
  try {
    m_place.take_lock();
    ADD_FAILURE() << "no error";
  } catch (const base::Error& error) {
    EXPECT_EQ(std::string(error.what()),
              fmt::format("this workflow's tunnel is already held: process {} on {} holds {}", ::getpid(),
                          proc::host_name(), (m_place.directory() / "lock").string()));
  }
  EXPECT_FALSE(m_place.connect());
}

}  // namespace
}  // namespace torc::remote
