#include "server/access/authenticator.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include "server/http/guarded.hpp"
#include "torc/base/error.hpp"
#include "torc/base/log.hpp"
#include "torc/base/strings.hpp"

namespace torc::server {
namespace {

/// Maximum number of pending checks of one user name from one address. So clients that share an address with one who
/// guesses passwords of a user are delayed only by this many checks.
constexpr std::size_t k_max_checks_of_user = 4;
constexpr std::size_t k_max_wrong = 4096;

std::string random_secret() {
  std::array<unsigned char, 32> bytes{};
  if (RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) != 1) {
    throw base::Error("OpenSSL cannot generate random bytes");
  }
  return {bytes.begin(), bytes.end()};
}

/// A hash to check for unknown users, so that the time does not reveal that they are unknown. No password matches it,
/// and its cost is the highest in the file.
std::string decoy(const PasswordHashes& users) {
  std::string cost;
  for (const auto& [user, hash] : users) {
    cost = std::max(cost, hash.substr(4, 2));
  }
  return fmt::format("$2y${}${}", cost.empty() ? std::to_string(k_default_cost) : cost, std::string(53, '.'));
}

Identity refused(std::string message) {
  return {401, {}, std::move(message)};
}

Identity busy() {
  return {503, {}, "too many passwords from this address are waiting to be checked; try again in a few seconds"};
}

Identity stopping_result() {
  return {503, {}, "the server is stopping; try again after it has restarted"};
}

Identity check_result(const std::string& user, bool right) {
  return right ? Identity{200, user, {}} : refused("wrong user name or password");
}

}  // namespace

Authenticator::Authenticator(std::string file, bool required, Deliver deliver)
    : m_file(std::move(file)),
      m_required(required),
      m_deliver(std::move(deliver)),
      m_secret(random_secret()),
      m_users(std::make_shared<const PasswordHashes>(read_password_file(m_file))),
      m_thread([this] { run(); }) {}

Authenticator::~Authenticator() {
  {
    const std::lock_guard lock{m_mutex};
    m_ending = true;
  }
  m_changed.notify_all();
  m_thread.join();
}

void Authenticator::end_waits() {
  std::vector<Answer> answers;
  {
    const std::lock_guard lock{m_mutex};
    m_ending = true;
    for (auto& [key, check] : m_checks) {
      for (auto& then : std::exchange(check.waiting, {})) {
        answers.push_back({[then = std::move(then)](const Response&) { then(stopping_result()); }, {}});
      }
    }
  }
  m_changed.notify_all();
  m_deliver(std::move(answers));
}

std::string Authenticator::key_of(const BasicCredentials& credentials) const {
  // A user name contains no NUL (see identify), so no two pairs result in the same text.
  const std::string text = credentials.user + '\0' + credentials.password;
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int length = 0;
  const void* const bytes = text.data();
  HMAC(EVP_sha256(), m_secret.data(), static_cast<int>(m_secret.size()), static_cast<const unsigned char*>(bytes),
       text.size(), digest.data(), &length);
  return {digest.begin(), digest.begin() + length};
}

void Authenticator::identify(std::string_view authorization, std::string_view client, Then then) {
  if (authorization.empty()) {
    then(m_required ? refused("the server requires a user name and password") : Identity{200, "anonymous", {}});
    return;
  }
  auto credentials = parse_basic_credentials(authorization);
  if (!credentials || credentials->user.find('\0') != std::string::npos) {
    then(refused("the Authorization header is not one of Basic authentication"));
    return;
  }
  // bcrypt ignores all further bytes, so this makes all correct passwords of a user the same text.
  credentials->password.resize(std::min(credentials->password.size(), k_max_password_bytes));
  const std::string key = key_of(*credentials);
  std::optional<Identity> known;
  std::vector<Answer> dropped;
  {
    const std::lock_guard lock{m_mutex};
    if (m_right.contains(key)) {
      known = check_result(credentials->user, true);
    } else if (m_wrong.contains(key)) {
      known = check_result(credentials->user, false);
    } else if (m_ending) {
      known = stopping_result();
    } else {
      known = enqueue(key, std::move(*credentials), client, then, dropped);
    }
  }
  if (!dropped.empty()) {
    m_deliver(std::move(dropped));
  }
  if (known) {
    then(std::move(*known));
  } else {
    m_changed.notify_one();
  }
}

std::optional<Identity> Authenticator::enqueue(const std::string& key, BasicCredentials&& credentials,
                                               std::string_view client, Then& then, std::vector<Answer>& dropped) {
  const std::string network = network_of(client);
  const auto same = m_checks.find(key);
  const bool is_new = same == m_checks.end();
  if (is_new && !has_room_for(credentials.user, network)) {
    return busy();
  }
  // Also queue the check for this address: it may have its turn earlier than other addresses that sent the same
  // password.
  if (is_new || !same->second.networks.contains(network)) {
    const auto pushed = m_queue.push(network, key, LoginQueue::Clock::now());
    if (!pushed.accepted && is_new) {
      return busy();
    }
    m_checks[key].places += pushed.accepted ? 1 : 0;
    if (pushed.dropped) {
      dropped = drop(*pushed.dropped);
    }
  }
  auto& check = m_checks[key];
  if (is_new) {
    check.credentials = std::move(credentials);
    check.client = client;
    check.network = network;
  }
  check.networks.insert(network);
  check.waiting.push_back(std::move(then));
  return std::nullopt;
}

std::vector<Answer> Authenticator::drop(const std::string& key) {
  const auto found = m_checks.find(key);
  if (found == m_checks.end() || --found->second.places > 0 || found->second.is_running) {
    return {};
  }
  return finish(key, busy());
}

bool Authenticator::has_room_for(const std::string& user, const std::string& network) const {
  const auto of_user = std::count_if(m_checks.begin(), m_checks.end(), [&](const auto& entry) {
    return entry.second.network == network && entry.second.credentials.user == user;
  });
  return static_cast<std::size_t>(of_user) < k_max_checks_of_user;
}

std::optional<std::string> Authenticator::next_key(std::unique_lock<std::mutex>& lock) {
  while (!m_ending) {
    if (const auto turn = m_queue.pop(LoginQueue::Clock::now())) {
      --m_checks.at(turn->key).places;
      return turn->key;
    }
    if (const auto time = m_queue.next_time()) {
      m_changed.wait_until(lock, *time);
    } else {
      m_changed.wait(lock);
    }
  }
  return std::nullopt;
}

std::vector<Answer> Authenticator::finish(const std::string& key, const Identity& identity) {
  std::vector<Answer> answers;
  auto& check = m_checks.at(key);
  for (auto& then : check.waiting) {
    answers.push_back({[then = std::move(then), identity](const Response&) { then(identity); }, {}});
  }
  // The same password may be queued for several addresses.
  for (const auto& network : check.networks) {
    m_queue.remove(network, key);
  }
  m_checks.erase(key);
  return answers;
}

void Authenticator::run() {
  bool running = true;
  while (running) {
    run_guarded("the thread that checks passwords", [&] { running = run_once(); });
  }
}

bool Authenticator::run_once() {
  std::unique_lock lock{m_mutex};
  const auto key = next_key(lock);
  if (!key) {
    return false;
  }
  const BasicCredentials credentials = m_checks.at(*key).credentials;
  const std::string client = m_checks.at(*key).client;
  m_checks.at(*key).is_running = true;
  // The result if the check throws.
  Identity identity = busy();
  run_guarded("the check of a password", [&] {
    const bool right = check(credentials, client, lock);
    remember(*key, right);
    for (const auto& network : m_checks.at(*key).networks) {
      if (right) {
        m_queue.record_success(network);
      } else {
        m_queue.record_failure(network, LoginQueue::Clock::now());
      }
    }
    identity = check_result(credentials.user, right);
  });
  if (!lock.owns_lock()) {
    lock.lock();
  }
  auto answers = finish(*key, identity);
  lock.unlock();
  m_deliver(std::move(answers));
  return true;
}

bool Authenticator::check(const BasicCredentials& credentials, const std::string& client,
                          std::unique_lock<std::mutex>& lock) {
  for (;;) {
    const auto users = m_users;
    lock.unlock();
    const auto found = users->find(credentials.user);
    const bool known = found != users->end();
    const bool right = password_matches(credentials.password, known ? found->second : decoy(*users)) && known;
    if (!right) {
      base::log_warning("refused: {} from {}",
                        known ? fmt::format("a wrong password of user '{}'", credentials.user)
                              : "a user who is not in the password file",
                        client);
    }
    lock.lock();
    if (users == m_users || m_ending) {
      return right;
    }
  }
}

void Authenticator::remember(const std::string& key, bool right) {
  if (!right && m_wrong.size() >= k_max_wrong) {
    m_wrong.clear();
  }
  (right ? m_right : m_wrong).insert(key);
}

std::size_t Authenticator::reload() {
  auto users = std::make_shared<const PasswordHashes>(read_password_file(m_file));
  const auto count = users->size();
  const std::lock_guard lock{m_mutex};
  m_users = std::move(users);
  m_right.clear();
  m_wrong.clear();
  return count;
}

}  // namespace torc::server
