#pragma once

// Who sends a request. Checking a password is slow on purpose (bcrypt: a quarter of a second), so a thread of its own
// does it, and what it found is remembered until the users are read anew. What is remembered is known by a keyed hash
// of user and password, so that no password stays in memory. What waits for the thread is shared out fairly by the
// clients' addresses (login_queue.hpp), so that wrong passwords from some hold up nobody else for long.

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

/// What was found out about a request's sender.
struct Identity {
  int status{200};        ///< 401: wrong or no credentials; 503: too much to check for now.
  std::string user{};     ///< Where `status` is 200.
  std::string message{};  ///< Else why.
};

/// Knows the users of one password file. All methods may be called by any thread.
class Authenticator {
 public:
  using Then = std::function<void(Identity)>;

  /// @param required  Refuse requests without credentials; else they are those of "anonymous".
  /// @param deliver   Brings late answers to the thread that `then` belongs to.
  /// @throws base::Error as read_password_file
  Authenticator(std::string file, bool required, Deliver deliver);
  Authenticator(const Authenticator&) = delete;
  Authenticator& operator=(const Authenticator&) = delete;
  /// What waits to be checked is dropped.
  ~Authenticator();

  /// Answers with 503 whatever waits to be checked, now and from now on at once.
  void end_waits();

  /// Calls `then` once: at once if nothing has to be checked, else through `deliver`.
  /// @param authorization  The header field; empty if the request has none.
  /// @param client  The sender's address, for the log and for the order of checks.
  void identify(std::string_view authorization, std::string_view client, Then then);

  /// Reads the file again, and forgets what was remembered.
  /// @returns how many users there are
  /// @throws base::Error; the users from before stay
  std::size_t reload();

 private:
  /// One user with one password, and who wants to know.
  struct Check {
    BasicCredentials credentials{};
    std::string client{};   ///< Address of the first one.
    std::string network{};  ///< What that address counts as.
    std::vector<Then> waiting{};
    std::set<std::string> networks{};  ///< Of all that wait.
    int places{0};                     ///< How often it stands in the queue.
    bool is_running{false};
  };

  std::string key_of(const BasicCredentials& credentials) const;
  /// Puts a check into the queue, or refuses it. @returns what is known at once; nothing if `then` is kept
  std::optional<Identity> enqueue(const std::string& key, BasicCredentials&& credentials, std::string_view client,
                                  Then& then, std::vector<Answer>& dropped);
  bool has_room_for(const std::string& user, const std::string& network) const;
  /// Waits for the next check. @returns its key; nothing if this ends
  std::optional<std::string> next_key(std::unique_lock<std::mutex>& lock);
  /// A check has lost its place in the queue. @returns answers for those who wait, if that was its last one
  std::vector<Answer> drop(const std::string& key);
  /// Removes the check, also from the queue, and answers those who wait for it.
  std::vector<Answer> finish(const std::string& key, const Identity& identity);
  void run();
  /// Waits for a check and makes it. @returns false once this ends
  bool run_once();
  /// Checks by the users of now; unlocked meanwhile. Checks once more if they have changed meanwhile.
  bool check(const BasicCredentials& credentials, const std::string& client, std::unique_lock<std::mutex>& lock);
  void remember(const std::string& key, bool right);

  const std::string m_file;
  const bool m_required;
  const Deliver m_deliver;
  const std::string m_secret;  ///< Key of the hashes.

  std::mutex m_mutex;
  std::condition_variable m_changed;
  std::shared_ptr<const PasswordHashes> m_users;
  std::unordered_set<std::string> m_right;  ///< At most one for each user: needs no bound.
  std::unordered_set<std::string> m_wrong;
  std::unordered_map<std::string, Check> m_checks;
  LoginQueue m_queue;  ///< Keys of m_checks.
  bool m_ending{false};
  std::thread m_thread;
};

}  // namespace torc::server
