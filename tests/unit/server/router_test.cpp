#include "server/router.hpp"

#include <gtest/gtest.h>

#include <set>

#include "server/errors.hpp"

namespace torc::server {
namespace {

class RouterTest : public testing::Test {
 protected:
  Router::Match match(Method method, std::string_view target) {
    request = {};
    return router.match(method, target, request);
  }

  Router router{routes()};
  Request request;
};

}  // namespace

TEST_F(RouterTest, FindsAnOperationAndItsValues) {
  const auto found = match(Method::post, "/torc-service/v1/jobs/7/complete_job/failed/3?x=1");
  ASSERT_NE(found.route, nullptr);
  EXPECT_EQ(found.route->pattern, "/jobs/{id}/complete_job/{status}/{run_id}");
  EXPECT_EQ(request.id(), 7);
  EXPECT_EQ(request.id("run_id"), 3);
  EXPECT_EQ(request.path_status(), model::JobStatus::failed);
  EXPECT_EQ(request.query_int("x"), 1);
}

TEST_F(RouterTest, DistinguishesAnUnknownPathFromAWrongMethod) {
  EXPECT_FALSE(match(Method::get, "/torc-service/v1/nowhere").path_known);
  EXPECT_FALSE(match(Method::get, "/ping").path_known);
  EXPECT_FALSE(match(Method::get, "/torc-service/v1ping").path_known);
  EXPECT_FALSE(match(Method::get, "/torc-service/v1").path_known);
  EXPECT_FALSE(match(Method::get, "/torc-service/v1/jobs/").path_known);
  EXPECT_FALSE(match(Method::get, "/torc-service/v1//ping").path_known);
  EXPECT_FALSE(match(Method::get, "").path_known);
  const auto wrong = match(Method::post, "/torc-service/v1/ping");
  EXPECT_TRUE(wrong.path_known);
  EXPECT_EQ(wrong.route, nullptr);
}

TEST_F(RouterTest, DecodesPathAndQuery) {
  ASSERT_NE(match(Method::del, "/torc-service/v1/workflows/1/remote_workers/a%2Fb%40h%3a22").route, nullptr);
  EXPECT_EQ(request.path_text("worker"), "a/b@h:22");
  ASSERT_NE(match(Method::get, "/torc-service/v1/workflows?user=a+b%20c&&name=&sort_by").route, nullptr);
  EXPECT_EQ(request.query_text("user"), "a b c");
  EXPECT_EQ(request.query_text("name"), "");
  EXPECT_EQ(request.query_text("sort_by"), "");
  EXPECT_FALSE(request.query_text("limit").has_value());
}

TEST_F(RouterTest, RejectsInvalidEncodings) {
  for (const char* target :
       {"/torc-service/v1/workflows/%", "/torc-service/v1/workflows/%4", "/torc-service/v1/workflows/%zz",
        "/torc-service/v1/workflows?x=%", "/torc-service/v1/workflows?x=%ff", "/torc-service/v1/workflows?x=%00",
        "/torc-service/v1/workflows?%c0%80=x", "/torc-service/v1/users/%ff/groups",
        "/torc-service/v1/users/a%00b/groups", "/torc-service/v1/users/\xff/groups"}) {
    EXPECT_THROW(match(Method::get, target), RequestError) << target;
  }
}

TEST_F(RouterTest, RejectsDuplicateParameters) {
  ASSERT_NE(match(Method::get, "/torc-service/v1/workflows?limit=1&limit=2").route, nullptr);
  EXPECT_THROW(request.query_int("limit"), RequestError);
}

TEST_F(RouterTest, RejectsInvalidNumbers) {
  for (const char* id : {"abc", "1x", "99999999999999999999", "-", "%20", "1.0"}) {
    match(Method::get, std::string{"/torc-service/v1/workflows/"} + id);
    EXPECT_THROW(request.id(), RequestError) << id;
  }
  match(Method::get, "/torc-service/v1/workflows?limit=x&offset=99999999999999999999&reverse_sort=maybe");
  EXPECT_THROW(request.query_int("limit"), RequestError);
  EXPECT_THROW(request.query_int("offset"), RequestError);
  EXPECT_THROW(request.query_bool("reverse_sort"), RequestError);
  EXPECT_THROW(request.required_int("workflow_id"), RequestError);
}

TEST_F(RouterTest, EveryOperationIsListedOnce) {
  std::set<std::pair<int, std::string_view>> seen;
  for (const auto& route : routes()) {
    EXPECT_TRUE(seen.emplace(static_cast<int>(route.method), route.pattern).second) << route.pattern;
  }
}

// In another order, one operation could hide another.
TEST_F(RouterTest, EveryOperationIsReached) {
  for (const auto& route : routes()) {
    EXPECT_EQ(match(route.method, std::string{Router::k_prefix} + std::string{route.pattern}).route, &route)
        << route.pattern;
  }
}

TEST_F(RouterTest, OperationsThatOnlyReadChangeNothing) {
  for (const auto& route : routes()) {
    EXPECT_EQ(route.method == Method::get, route.access != Access::write) << route.pattern;
  }
}

}  // namespace torc::server
