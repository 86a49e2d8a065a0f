#include "server/access/browser_rules.hpp"

#include <unistd.h>

#include <algorithm>

#include <gtest/gtest.h>

#include "server/access/machine_names.hpp"

namespace torc::server {
namespace {

constexpr std::string_view k_workflows = "/torc-service/v1/workflows";
constexpr std::string_view k_ping = "/torc-service/v1/ping";

BrowserRules rules_of_a_machine() {
  BrowserRules rules;
  rules.machine_names = {"node7", "node7.cluster.example.org"};
  rules.allowed_hosts = {"torc.example.org"};
  rules.allowed_origins = {"https://portal.example.org"};
  return rules;
}

HeadField field(std::string_view value) {
  return {value, 1};
}

int status_of(const std::optional<RuleRefusal>& refusal) {
  return refusal ? refusal->status : 200;
}

int status_with_host(std::string_view host, std::string_view target = k_workflows) {
  return status_of(refusal_by_rules(rules_of_a_machine(), "GET", target, {.host = field(host)}));
}

int status_with_origin(std::string_view origin, std::string_view host = "127.0.0.1:8080") {
  return status_of(
      refusal_by_rules(rules_of_a_machine(), "POST", k_workflows, {.host = field(host), .origin = field(origin)}));
}

int status_of_fetch(std::string_view site, std::string_view mode, std::string_view target,
                    std::string_view method = "GET") {
  return status_of(
      refusal_by_rules(rules_of_a_machine(), method, target,
                       {.host = field("localhost:8080"), .fetch_site = field(site), .fetch_mode = field(mode)}));
}

}  // namespace

TEST(BrowserRulesTest, AcceptsNamesOfThisMachineAndAddresses) {
  for (const std::string_view host : {"127.0.0.1",
                                      "127.0.0.1:8080",
                                      "192.168.7.3:80",
                                      "[::1]",
                                      "[::1]:8080",
                                      "[0:0:0:0:0:0:0:1]:8080",
                                      "[fe80::1%25eth0]:8080",
                                      "[::ffff:127.0.0.1]:1",
                                      "::1",
                                      "localhost",
                                      "LocalHost:8080",
                                      "localhost.",
                                      "localhost:",
                                      "localhost.localdomain",
                                      "ip6-localhost",
                                      "ip6-loopback:9",
                                      "torc.localhost:8080",
                                      "node7",
                                      "NODE7:8080",
                                      "node7.cluster.example.org.",
                                      "node7.cluster.example.org:8080",
                                      "torc.example.org",
                                      "Torc.Example.ORG.:443"}) {
    EXPECT_EQ(status_with_host(host), 200) << host;
  }
}

TEST(BrowserRulesTest, RefusesNamesOfOthers) {
  for (const std::string_view host : {"evil.example",
                                      "evil.example:8080",
                                      "localhost.evil.example",
                                      "127.0.0.1.nip.io",
                                      "127.0.0.1.evil.example:8080",
                                      "node7.evil.example",
                                      "xlocalhost",
                                      "notlocalhost:8080",
                                      "localhost..",
                                      ".localhost",
                                      "localhost:8080:1",
                                      "localhost:x",
                                      "localhost:123456",
                                      "user@localhost",
                                      "localhost@evil.example",
                                      "user:localhost",
                                      "",
                                      ":8080",
                                      ".",
                                      "..",
                                      "[::1",
                                      "[::1]x",
                                      "[::1]:x",
                                      "[evil.example]",
                                      "[]",
                                      "localhost/",
                                      "localhost, evil.example",
                                      "local host",
                                      "localhost\t",
                                      "http://localhost",
                                      "cluster.example.org",
                                      "example.org",
                                      "torc.example.org.evil.example",
                                      "\xff",
                                      "1.2.3.4.5"}) {
    EXPECT_EQ(status_with_host(host), 403) << host;
  }
}

TEST(BrowserRulesTest, NamesCauseAndRemedy) {
  auto rules = rules_of_a_machine();
  const BrowserFields foreign{.host = field("Evil.example:8080")};
  const auto refusal = refusal_by_rules(rules, "GET", k_workflows, foreign);
  ASSERT_TRUE(refusal);
  EXPECT_NE(refusal->message.find("'Evil.example:8080' is not a name of this machine"), std::string::npos)
      << refusal->message;
  EXPECT_NE(refusal->message.find("--allowed-host evil.example"), std::string::npos) << refusal->message;
  const auto page = refusal_by_rules(rules, "GET", k_workflows,
                                     {.host = field("localhost"), .origin = field("http://evil.example:81")});
  ASSERT_TRUE(page);
  EXPECT_NE(page->message.find("a web page of http://evil.example:81"), std::string::npos) << page->message;
  EXPECT_NE(page->message.find("--allowed-origin http://evil.example:81"), std::string::npos) << page->message;
  rules.has_options = false;
  EXPECT_EQ(refusal_by_rules(rules, "GET", k_workflows, foreign)->message.find("--allowed"), std::string::npos);
}

TEST(BrowserRulesTest, RequiresExactlyOneHostField) {
  const auto rules = rules_of_a_machine();
  EXPECT_EQ(status_of(refusal_by_rules(rules, "GET", k_workflows, {})), 403);
  EXPECT_EQ(status_of(refusal_by_rules(rules, "GET", k_workflows, {.host = {"localhost", 2}})), 400);
  EXPECT_EQ(status_of(refusal_by_rules(rules, "GET", k_ping, {.host = {"localhost", 2}})), 400);
}

TEST(BrowserRulesTest, ChecksBothHostsOfAnAbsoluteTarget) {
  EXPECT_EQ(status_with_host("localhost", "http://localhost:8080/torc-service/v1/workflows"), 200);
  EXPECT_EQ(status_with_host("localhost", "http://evil.example/torc-service/v1/workflows"), 403);
  EXPECT_EQ(status_with_host("evil.example", "http://localhost/torc-service/v1/workflows"), 403);
  EXPECT_EQ(status_with_host("localhost", "http://localhost@evil.example/torc-service/v1/workflows"), 403);
  EXPECT_EQ(status_with_host("localhost", "http://evil.example?/torc-service/v1/ping"), 403);
}

TEST(BrowserRulesTest, AnswersAHealthCheckUnderAnyName) {
  const auto rules = rules_of_a_machine();
  for (const std::string_view target :
       {"/torc-service/v1/ping", "/torc-service/v1/ping?x=1", "http://evil.example/torc-service/v1/ping"}) {
    EXPECT_EQ(status_of(refusal_by_rules(rules, "GET", target, {})), 200) << target;
    EXPECT_EQ(status_of(refusal_by_rules(rules, "GET", target, {.host = field("evil.example")})), 200) << target;
    EXPECT_EQ(status_of(refusal_by_rules(rules, "POST", target, {.host = field("evil.example")})), 403) << target;
  }
  EXPECT_EQ(status_with_host("evil.example", "/torc-service/v1/pings"), 403);
  EXPECT_EQ(status_with_host("evil.example", "/torc-service/v1/ping/"), 403);
  EXPECT_EQ(status_with_host("evil.example", "/x?/torc-service/v1/ping"), 403);
  EXPECT_EQ(status_of(refusal_by_rules(rules, "GET", k_ping, {.origin = field("http://evil.example")})), 403)
      << "only the rules for Host have an exemption";
}

TEST(BrowserRulesTest, DoesNotCheckHostIfAPasswordIsRequired) {
  auto rules = rules_of_a_machine();
  rules.checks_host = false;
  EXPECT_EQ(status_of(refusal_by_rules(rules, "GET", k_workflows, {})), 200);
  EXPECT_EQ(status_of(refusal_by_rules(rules, "GET", k_workflows, {.host = field("evil.example")})), 200);
  EXPECT_EQ(status_of(refusal_by_rules(rules, "GET", k_workflows,
                                       {.host = field("torc.example.org"), .origin = field("http://evil.example")})),
            403)
      << "the rule for Origin always applies";
}

TEST(BrowserRulesTest, AcceptsItsOwnPagesAndAllowedOnes) {
  struct Case {
    std::string_view origin;
    std::string_view host;
  };
  for (const auto& [origin, host] : {
           Case{"http://127.0.0.1:8080", "127.0.0.1:8080"},
           {"HTTP://LOCALHOST:8080", "localhost:8080"},
           {"http://localhost", "localhost"},
           {"http://localhost", "localhost:80"},
           {"http://localhost:80", "localhost"},
           {"https://localhost", "localhost"},
           {"https://localhost", "localhost:443"},
           {"http://[::1]:8080", "[0:0:0:0:0:0:0:1]:8080"},
           {"http://localhost.:8080", "localhost:8080"},
           {"https://portal.example.org", "127.0.0.1:8080"},
           {"https://portal.example.org:443", "127.0.0.1:8080"},
           {"HTTPS://Portal.Example.Org", "127.0.0.1:8080"},
       }) {
    EXPECT_EQ(status_with_origin(origin, host), 200) << origin << " to " << host;
  }
}

TEST(BrowserRulesTest, RefusesPagesOfOtherSites) {
  struct Case {
    std::string_view origin;
    std::string_view host;
  };
  for (const auto& [origin, host] : {
           Case{"http://evil.example", "127.0.0.1:8080"},
           {"http://127.0.0.1:8081", "127.0.0.1:8080"},
           {"http://127.0.0.1", "127.0.0.1:8080"},
           {"http://localhost:8080", "127.0.0.1:8080"},
           {"https://localhost", "localhost:80"},
           {"http://localhost", "localhost:443"},
           {"http://127.0.0.1:8080.evil.example", "127.0.0.1:8080"},
           {"http://127.0.0.1:8080@evil.example", "127.0.0.1:8080"},
           {"http://127.0.0.1:8080/", "127.0.0.1:8080"},
           {"http://127.0.0.1:8080 http://evil.example", "127.0.0.1:8080"},
           {"127.0.0.1:8080", "127.0.0.1:8080"},
           {"//127.0.0.1:8080", "127.0.0.1:8080"},
           {"file://127.0.0.1:8080", "127.0.0.1:8080"},
           {"null", "127.0.0.1:8080"},
           {"NULL", "127.0.0.1:8080"},
           {"", "127.0.0.1:8080"},
           {"http://portal.example.org", "127.0.0.1:8080"},
           {"https://portal.example.org:8443", "127.0.0.1:8080"},
           {"https://x.portal.example.org", "127.0.0.1:8080"},
           {"https://portal.example.org.evil.example", "127.0.0.1:8080"},
       }) {
    EXPECT_EQ(status_with_origin(origin, host), 403) << origin << " to " << host;
  }
  EXPECT_EQ(status_of(refusal_by_rules(rules_of_a_machine(), "GET", k_workflows,
                                       {.host = field("localhost"), .origin = {"http://localhost", 2}})),
            403)
      << "two Origin fields";
  EXPECT_EQ(status_of(refusal_by_rules(rules_of_a_machine(), "GET", k_ping, {.origin = field("http://localhost")})),
            403)
      << "there is no Host to compare with";
}

TEST(BrowserRulesTest, RefusesWhatABrowserSendsForPagesOfOtherSites) {
  for (const std::string_view site : {"cross-site", "same-site", "Cross-Site", " same-site ", "none, cross-site"}) {
    EXPECT_EQ(status_of_fetch(site, "no-cors", k_workflows), 403) << site;
    EXPECT_EQ(status_of_fetch(site, "cors", k_workflows, "POST"), 403) << site;
    EXPECT_EQ(status_of_fetch(site, "navigate", k_workflows), 403) << "a link to the interface; " << site;
    EXPECT_EQ(status_of_fetch(site, "navigate", "/torc-service"), 403) << site;
    EXPECT_EQ(status_of_fetch(site, "navigate", "/torc%2Dservice/v1/workflows"), 403) << site;
    EXPECT_EQ(status_of_fetch(site, "navigate", "http://localhost/torc-service/v1/workflows"), 403) << site;
    EXPECT_EQ(status_of_fetch(site, "navigate", k_ping), 403) << site;
    EXPECT_EQ(status_of_fetch(site, "navigate", "/"), 200) << "a link to a page; " << site;
    EXPECT_EQ(status_of_fetch(site, "navigate", "/index.html?a=/torc-service"), 200) << site;
    EXPECT_EQ(status_of_fetch(site, "navigate", "/", "POST"), 403) << "a form that opens a page; " << site;
    EXPECT_EQ(status_of_fetch(site, "no-cors", "/"), 403) << "a page as an image; " << site;
  }
  for (const std::string_view site : {"same-origin", "none", "", "future-site"}) {
    EXPECT_EQ(status_of_fetch(site, "cors", k_workflows, "POST"), 200) << site;
    EXPECT_EQ(status_of_fetch(site, "navigate", k_workflows), 200) << site;
  }
  EXPECT_EQ(
      status_of(refusal_by_rules(rules_of_a_machine(), "POST", k_workflows,
                                 {.host = field("localhost"), .fetch_site = {"none", 2}, .fetch_mode = field("cors")})),
      403)
      << "two fields";
}

TEST(BrowserRulesTest, AnAllowedOriginMayBeAnotherSite) {
  EXPECT_EQ(status_of(refusal_by_rules(rules_of_a_machine(), "POST", k_workflows,
                                       {.host = field("localhost:8080"),
                                        .origin = field("https://portal.example.org"),
                                        .fetch_site = field("cross-site"),
                                        .fetch_mode = field("cors")})),
            200);
}

TEST(BrowserRulesTest, RequiresBodiesDeclaredAsJson) {
  const auto status = [](const HeadField& type, bool has_body = true) {
    return status_of(refusal_by_rules(rules_of_a_machine(), "POST", k_workflows,
                                      {.host = field("localhost"), .media_type = type, .has_body = has_body}));
  };
  for (const std::string_view type :
       {"application/json", "Application/JSON", " application/json ", "application/json; charset=utf-8",
        "application/json;charset=\"utf-8\"", "application/json ; a=b; c=d", "application/merge-patch+json",
        "application/vnd.torc.v1+JSON; x=y"}) {
    EXPECT_EQ(status(field(type)), 200) << type;
  }
  for (const std::string_view type :
       {"", "text/plain", "text/plain; x=application/json", "text/plain;a=b+json", "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x", "application/jsonp", "text/json", "application/json, text/plain",
        "text/plain, application/json", "text/plain, a/b+json", "json", "+json", "application/+json", "/+json",
        "application/json/x", "application /json", ";application/json", "application/octet-stream"}) {
    EXPECT_EQ(status(field(type)), 415) << type;
    EXPECT_EQ(status(field(type), false), 200) << "without a body; " << type;
  }
  EXPECT_EQ(status({}), 415);
  EXPECT_EQ(status({}, false), 200);
  EXPECT_EQ(status({"application/json", 2}), 415);
  for (const auto& type : {HeadField{}, field("text/plain"), HeadField{"application/json", 2}}) {
    EXPECT_NE(media_type_refusal(type)->message.find("'Content-Type: application/json'"), std::string::npos);
  }
}

TEST(BrowserRulesTest, NormalizesOriginsAndHosts) {
  EXPECT_EQ(normalized_origin("HTTPS://Portal.Example.org:443"), "https://portal.example.org");
  EXPECT_EQ(normalized_origin("http://h:8080"), "http://h:8080");
  EXPECT_EQ(normalized_origin("http://[0::1]:80"), "http://[::1]");
  EXPECT_EQ(normalized_origin("moz-extension://ab-cd"), "moz-extension://ab-cd");
  for (const std::string_view text : {"", "null", "*", "portal.example.org", "https://", "https://h/", "https://h/a",
                                      "https://u@h", "://h", "https://*.example.org", "1a://h"}) {
    EXPECT_FALSE(normalized_origin(text)) << text;
  }
  EXPECT_EQ(normalized_host("Torc.Example.org."), "torc.example.org");
  EXPECT_EQ(normalized_host("::1"), "::1");
  for (const std::string_view text :
       {"", "*", "h:80", "[::1]:80", "127.0.0.1:80", "http://h", "h/x", "*.example.org", "a b", "a..b"}) {
    EXPECT_FALSE(normalized_host(text)) << text;
  }
}

TEST(MachineNamesTest, ReadsTheHostsFile) {
  const auto names = names_in_hosts_file(
      "127.0.0.1\tlocalhost  # loopback\n"
      "127.0.1.1 Node7.example.org Node7\r\n"
      "::1 ip6-localhost\n"
      "# 10.0.0.1 node7 comment.example\n"
      "10.0.0.2 other.example\n"
      "10.0.0.3 alias.example node7\n"
      "10.0.0.4 # node7\n"
      "127.0.0.9\n"
      "127.0.0.1 bad/name\n"
      "\n",
      "node7");
  EXPECT_EQ(names, (std::vector<std::string>{"localhost", "node7.example.org", "node7", "ip6-localhost",
                                             "alias.example", "node7"}));
}

TEST(MachineNamesTest, KnowsTheKernelsHostName) {
  char name[256] = {};
  ASSERT_EQ(::gethostname(name, sizeof name - 1), 0);
  const auto names = machine_names(true);
  EXPECT_NE(std::find(names.begin(), names.end(), *normalized_host(name)), names.end());
}

}  // namespace torc::server
