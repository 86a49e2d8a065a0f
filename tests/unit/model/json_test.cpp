#include "torc/model/json.hpp"

#include <gtest/gtest.h>

#include "torc/model/models.hpp"

namespace torc::model {
namespace {

using nlohmann::json;
using Reason = JsonError::Reason;

/// The error that `action` throws, as "REASON FIELD: MESSAGE".
template <typename Action>
std::string json_error_of(Action&& action) {
  try {
    action();
  } catch (const JsonError& error) {
    return std::string(error.reason() == Reason::missing_field ? "missing " : "wrong ") + error.field() + ": " +
           error.what();
  }
  return "no error";
}

TEST(ParseJson, ReportsThePositionOfAnError) {
  const std::string error = json_error_of([] { parse_json("{\n  \"a\": }"); });
  EXPECT_TRUE(error.starts_with("wrong body: invalid JSON: parse error at line 2")) << error;
  for (const char* text : {"", "{", "nul", "{} x", "[1,]", "{\"a\":1 \"b\":2}", "\"\xff\"", "1e999"}) {
    EXPECT_NE(json_error_of([&] { parse_json(text); }), "no error") << text;
  }
}

TEST(ParseJson, BoundsTheNesting) {
  const auto nested = [](int depth) {
    return std::string(static_cast<std::size_t>(depth), '[') + std::string(static_cast<std::size_t>(depth), ']');
  };
  EXPECT_NO_THROW(parse_json(nested(64)));
  EXPECT_THROW(parse_json(nested(65)), JsonError);
  EXPECT_THROW(parse_json(std::string(1'000'000, '[')), JsonError);
  // Brackets inside strings do not count, and an escaped quote does not end a string.
  EXPECT_NO_THROW(parse_json("\"\\\"" + std::string(100, '[') + "\""));
}

TEST(ParseJson, BoundsNumbersAndItsMessages) {
  const std::string many(10'000'000, '7');
  EXPECT_THROW(parse_json("[0." + many + "]"), JsonError);
  for (const std::string& text : {many, "[1." + many + "]", '"' + many, many + "x"}) {
    try {
      parse_json(text);
      FAIL();
    } catch (const JsonError& error) {
      EXPECT_LT(std::string{error.what()}.size(), 500U);
    }
  }
  EXPECT_EQ(parse_json('"' + many + '"').get<std::string>().size(), many.size()) << "a text may be long";
}

TEST(DumpJson, NeverThrowsOnInvalidUtf8) {
  EXPECT_EQ(dump_json(json{{"out",
                            "a\xff"
                            "b"}}),
            "{\"out\":\"a\xef\xbf\xbd"
            "b\"}");
  EXPECT_EQ(dump_json(json{{"a", 1}}, 2), "{\n  \"a\": 1\n}");
}

TEST(FromJson, NamesTheMissingField) {
  EXPECT_EQ(json_error_of([] {
              from_json<RemoteWorker>(json{{"worker", "ws1"}});
            }),
            "missing workflow_id: missing field `workflow_id`");
  EXPECT_EQ(json_error_of([] {
              from_json<RemoteWorker>(json{{"worker", nullptr}, {"workflow_id", 1}});
            }),
            "missing worker: missing field `worker`");
}

TEST(FromJson, NamesTheFieldOfTheWrongType) {
  const auto file_with = [](const char* field, const json& value) {
    json document{{"workflow_id", 1}, {"name", "f"}, {"path", "p"}};
    document[field] = value;
    return json_error_of([&] { from_json<File>(document); });
  };
  EXPECT_EQ(file_with("workflow_id", "1"),
            "wrong workflow_id: field `workflow_id`: expected a 64-bit integer, found \"1\"");
  EXPECT_EQ(file_with("workflow_id", 1.0),
            "wrong workflow_id: field `workflow_id`: expected a 64-bit integer, found 1.0");
  EXPECT_EQ(file_with("name", 7), "wrong name: field `name`: expected a string, found 7");
  EXPECT_EQ(file_with("st_mtime", "now"), "wrong st_mtime: field `st_mtime`: expected a number, found \"now\"");
  EXPECT_EQ(file_with("st_mtime", 5), "no error") << "an integer is a number";
}

TEST(FromJson, RejectsANulInAString) {
  try {
    from_json<File>(parse_json(R"({"workflow_id":1,"name":"a\u0000b","path":"p"})"));
    FAIL() << "a path would end at the NUL";
  } catch (const JsonError& error) {
    EXPECT_EQ(error.field(), "name");
  }
}

TEST(FromJson, RefusesNumbersBeyond64Bits) {
  const auto worker_of = [](const char* id) {
    return json_error_of(
        [&] { from_json<RemoteWorker>(parse_json("{\"worker\":\"w\",\"workflow_id\":" + std::string(id) + "}")); });
  };
  EXPECT_EQ(worker_of("9223372036854775807"), "no error");
  EXPECT_EQ(worker_of("-9223372036854775808"), "no error");
  EXPECT_NE(worker_of("9223372036854775808"), "no error");
  EXPECT_NE(worker_of("18446744073709551615"), "no error");
}

TEST(FromJson, ShortensValuesInMessages) {
  const std::string error = json_error_of([] {
    from_json<RemoteWorker>(json{{"worker", json::array({std::string(10'000, 'x')})}, {"workflow_id", 1}});
  });
  EXPECT_LT(error.size(), 200u);
  EXPECT_NE(error.find("..."), std::string::npos);
}

TEST(FromJson, RejectsValuesThatAreNotObjects) {
  for (const json& document : {json(nullptr), json(1), json::array(), json("x")}) {
    EXPECT_EQ(json_error_of([&] { from_json<RemoteWorker>(document); }).substr(0, 11), "wrong body:");
  }
}

TEST(FromJson, IgnoresUnknownFields) {
  const auto worker = from_json<RemoteWorker>(json{{"worker", "ws1"}, {"workflow_id", 3}, {"colour", {{"red", 1}}}});
  EXPECT_EQ(worker.worker, "ws1");
  EXPECT_EQ(worker.workflow_id, 3);
}

TEST(FromJson, KnowsTheNamesOfStatuses) {
  json document{{"workflow_id", 1}, {"name", "j"}, {"command", "true"}, {"status", "ready"}};
  EXPECT_EQ(from_json<Job>(document).status, JobStatus::ready);
  document["status"] = "asleep";
  EXPECT_EQ(json_error_of([&] { from_json<Job>(document); }),
            "wrong status: field `status`: expected one of the known names, found \"asleep\"");
  document["status"] = nullptr;
  EXPECT_EQ(from_json<Job>(document).status, std::nullopt);
}

TEST(FromJson, ChecksTheItemsOfAList) {
  const auto job_with = [](const json& ids) {
    return json_error_of([&] {
      from_json<Job>(json{{"workflow_id", 1}, {"name", "j"}, {"command", "true"}, {"depends_on_job_ids", ids}});
    });
  };
  EXPECT_EQ(job_with({1, 2}), "no error");
  EXPECT_EQ(job_with(json::array()), "no error");
  EXPECT_EQ(job_with({1, "2"}).substr(0, 25), "wrong depends_on_job_ids:");
  EXPECT_EQ(job_with(1), "wrong depends_on_job_ids: field `depends_on_job_ids`: expected an array, found 1");
}

TEST(FromJson, KeepsFreeJsonAsItIs) {
  const json data{{"a", {1, nullptr, "x"}}};
  const auto event = from_json<Event>(json{{"workflow_id", 1}, {"timestamp", 5}, {"data", data}});
  EXPECT_EQ(event.data, data);
  const auto user_data = from_json<UserData>(json{{"workflow_id", 1}, {"name", "u"}, {"data", 42}});
  EXPECT_EQ(user_data.data, json(42));
}

TEST(ToJson, OmitsAbsentFields) {
  EXPECT_EQ(to_json(File{.id = {}, .workflow_id = 1, .name = "f", .path = "p", .mtime = {}}),
            (json{{"workflow_id", 1}, {"name", "f"}, {"path", "p"}}));
  EXPECT_EQ(to_json(std::vector<RemoteWorker>{}), json::array());
}

}  // namespace
}  // namespace torc::model
