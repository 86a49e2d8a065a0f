#include "store/query.hpp"

#include <sqlite3.h>

#include <fmt/format.h>

namespace torc::store {
namespace {

/// Listings with many combinations of filters make many texts; beyond this the cache starts anew.
constexpr std::size_t k_most_statements = 500;

std::unique_ptr<CachedStatement> prepare(Connection& connection, const std::string& sql) {
  try {
    return std::make_unique<CachedStatement>(CachedStatement{{connection.impl().database, sql}});
  } catch (const SQLite::Exception& error) {
    rethrow(error);
  }
}

void forget_idle(Connection::Impl& impl) {
  std::erase_if(impl.statements, [](const auto& entry) { return !entry.second->in_use; });
}

}  // namespace

void rethrow(const SQLite::Exception& error) {
  const int code = error.getErrorCode() & 0xff;
  if (code == SQLITE_CONSTRAINT) {
    throw Refused(Refused::Reason::unprocessable, fmt::format("the database refuses the change: {}", error.what()));
  }
  throw StorageError(code, fmt::format("database: {}", error.what()));
}

bool StorageError::disk_full() const noexcept { return m_code == SQLITE_FULL; }

Query::Query(Connection& connection, std::string_view sql) : m_cached(nullptr) {
  auto& impl = connection.impl();
  auto it = impl.statements.find(sql);
  if (it == impl.statements.end()) {
    if (impl.statements.size() >= k_most_statements) {
      forget_idle(impl);
    }
    std::string text{sql};
    auto statement = prepare(connection, text);
    it = impl.statements.emplace(std::move(text), std::move(statement)).first;
  }
  m_cached = it->second.get();
  if (m_cached->in_use) {
    m_own = prepare(connection, std::string{sql});
    m_cached = m_own.get();
  }
  m_cached->in_use = true;
}

Query::Query(Query&& other) noexcept
    : m_cached(std::exchange(other.m_cached, nullptr)), m_own(std::move(other.m_own)), m_parameters(other.m_parameters) {}

Query::~Query() {
  if (m_cached != nullptr) {
    m_cached->statement.tryReset();
    // Large texts must not stay bound until the next use; fails for nothing but a broken statement handle.
    m_cached->statement.clearBindings();
    m_cached->in_use = false;
  }
}

bool Query::step() {
  try {
    return statement().executeStep();
  } catch (const SQLite::Exception& error) {
    rethrow(error);
  }
}

}  // namespace torc::store
