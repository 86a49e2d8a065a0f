#pragma once

#include <memory>
#include <new>

#include <curl/curl.h>

namespace torc::net {

/// Owns one easy handle.
struct EasyDeleter {
  void operator()(CURL* handle) const noexcept { curl_easy_cleanup(handle); }
};
using EasyHandle = std::unique_ptr<CURL, EasyDeleter>;

/// Owns one multi handle, which keeps connections open and runs transfers over them.
struct MultiDeleter {
  void operator()(CURLM* handle) const noexcept { curl_multi_cleanup(handle); }
};
using MultiHandle = std::unique_ptr<CURLM, MultiDeleter>;

/// Owns a list of header lines.
class HeaderList {
 public:
  HeaderList() = default;

  void add(const char* line) {
    curl_slist* longer = curl_slist_append(m_list.get(), line);
    if (longer == nullptr) {
      throw std::bad_alloc();
    }
    // Appending to a list keeps its head; only the first line creates one.
    if (!m_list) {
      m_list.reset(longer);
    }
  }

  curl_slist* get() const noexcept { return m_list.get(); }

 private:
  struct Deleter {
    void operator()(curl_slist* list) const noexcept { curl_slist_free_all(list); }
  };
  std::unique_ptr<curl_slist, Deleter> m_list;
};

/// Owns a parsed URL.
struct UrlDeleter {
  void operator()(CURLU* url) const noexcept { curl_url_cleanup(url); }
};
using UrlHandle = std::unique_ptr<CURLU, UrlDeleter>;

}  // namespace torc::net
