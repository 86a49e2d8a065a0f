#pragma once

// Determines the user who sends a request. Checking a password is slow on purpose (bcrypt: a quarter of a second), so a
// separate thread does it, and its results are cached until the users are reloaded. The cache uses a keyed hash of user
// and password, so that no password stays in memory. Pending checks are shared out fairly among the clients' addresses
// (login_queue.hpp), so that wrong passwords from some clients do not delay others for long.

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "server/access/basic_credentials.hpp"
#include "server/access/login_queue.hpp"
#include "server/execution/executor.hpp"
#include "torc/server/password_file.hpp"

namespace torc::server {

/// The result of checking a request's credentials.
struct Identity {
  int status{200};        ///< 401: wrong or no credentials; 503: too many pending checks.
  std::string user{};     ///< Set if `status` is 200.
  std::string message{};  ///< The reason otherwise.
};

/// Knows the users in one password file. All methods can be called by any thread.
class Authenticator {
 public:
  using Then = std::function<void(Identity)>;

  /// @param required  Refuse requests without credentials; otherwise their user is "anonymous".
  /// @param deliver   Passes later results to the thread that `then` belongs to.
  /// @throws base::Error as read_password_file
  Authenticator(std::string file, bool required, Deliver deliver);
  Authenticator(const Authenticator&) = delete;
  Authenticator& operator=(const Authenticator&) = delete;
  /// Drops pending checks.
  ~Authenticator();

  /// Ends all pending checks with 503, and all later ones at once.
  void end_waits();

  /// Calls `then` once: at once if nothing has to be checked, otherwise through `deliver`.
  /// @param authorization  The header field; empty if the request has none.
  /// @param client  The sender's address, for the log and for the order of checks.
  void identify(std::string_view authorization, std::string_view client, Then then);

  /// Reads the file again and clears the cache.
  /// @returns the number of users
  /// @throws base::Error; then the previous users stay in use
  std::size_t reload();

 private:
  /// The check of one user with one password, and the requests that wait for it.
  struct Check {
    BasicCredentials credentials{};
    std::string client{};   ///< The address of the first request.
    std::string network{};  ///< What the queue counts that address as.
    std::vector<Then> waiting{};
    std::set<std::string> networks{};  ///< Of all waiting requests.
    int places{0};                     ///< How often the check is in the queue.
    bool is_running{false};
  };

  std::string key_of(const BasicCredentials& credentials) const;
  /// Queues a check, or refuses it. @returns the result if it is known at once; nothing if `then` is kept
  std::optional<Identity> enqueue(const std::string& key, BasicCredentials&& credentials, std::string_view client,
                                  Then& then, std::vector<Answer>& dropped);
  bool has_room_for(const std::string& user, const std::string& network) const;
  /// Waits for the next check. @returns its key, or nothing when this object ends
  std::optional<std::string> next_key(std::unique_lock<std::mutex>& lock);
  /// Removes one of a check's places in the queue. @returns the results for its waiting requests if it was the last one
  std::vector<Answer> drop(const std::string& key);
  /// Removes the check, also from the queue. @returns the results for the waiting requests
  std::vector<Answer> finish(const std::string& key, const Identity& identity);
  void run();
  /// Waits for a check and performs it. @returns false when this object ends
  bool run_once();
  /// Checks against the current users, without holding the lock. Repeats the check if the users changed meanwhile.
  bool check(const BasicCredentials& credentials, const std::string& client, std::unique_lock<std::mutex>& lock);
  void remember(const std::string& key, bool right);

  const std::string m_file;
  const bool m_required;
  const Deliver m_deliver;
  const std::string m_secret;  ///< The key of the hashes.

  std::mutex m_mutex;
  std::condition_variable m_changed;
  std::shared_ptr<const PasswordHashes> m_users;
  std::unordered_set<std::string> m_right;  ///< At most one per user, so it needs no limit.
  std::unordered_set<std::string> m_wrong;
  std::unordered_map<std::string, Check> m_checks;
  LoginQueue m_queue;  ///< Contains keys of m_checks.
  bool m_ending{false};
  std::thread m_thread;
};

}  // namespace torc::server
