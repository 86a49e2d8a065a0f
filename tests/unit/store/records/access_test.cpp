// Access to workflows.

#include "torc/store/access.hpp"

#include "unit/store/store_fixture.hpp"

namespace torc::store {

class AccessTest : public StoreTest {
 protected:
  Id group(const std::string& name) {
    model::AccessGroup body;
    body.name = name;
    return create_group(connection, body).id.value();
  }
  void add(Id group_id, const std::string& user) {
    model::GroupMembership member;
    member.user_name = user;
    member.role = "member";
    add_member(connection, group_id, member);
  }
  static constexpr Id k_admins = 1;
};

TEST_F(AccessTest, OwnersMembersAndAdministratorsSeeAWorkflow) {
  const Id team = group("team");
  add(team, "bob");
  add(k_admins, "root");
  EXPECT_TRUE(has_access(connection, workflow, "u")) << "the owner";
  EXPECT_TRUE(has_access(connection, workflow, "root"));
  EXPECT_FALSE(has_access(connection, workflow, "bob"));
  add_workflow_to_group(connection, workflow, team);
  EXPECT_TRUE(has_access(connection, workflow, "bob"));
  EXPECT_FALSE(has_access(connection, workflow, "eve"));
  EXPECT_FALSE(has_access(connection, 99, "root"));
  remove_member(connection, team, "bob");
  EXPECT_FALSE(has_access(connection, workflow, "bob"));
}

TEST_F(AccessTest, SharingTwiceIsTheSameAsOnce) {
  const Id team = group("team");
  const auto first = add_workflow_to_group(connection, workflow, team);
  EXPECT_EQ(add_workflow_to_group(connection, workflow, team).created_at, first.created_at);
  remove_workflow_from_group(connection, workflow, team);
  EXPECT_NE(refusal([&] { remove_workflow_from_group(connection, workflow, team); }, Refused::Reason::not_found), "");
}

TEST_F(AccessTest, DeletingAGroupRemovesItsMembersAndShares) {
  const Id team = group("team");
  add(team, "bob");
  add_workflow_to_group(connection, workflow, team);
  remove_group(connection, team);
  EXPECT_FALSE(has_access(connection, workflow, "bob"));
  EXPECT_EQ(list<model::GroupMembership>(connection, {}, {}).total_count, 0);
}

TEST_F(AccessTest, NamesAreUniqueAndTheAdministratorsStay) {
  const Id team = group("team");
  add(team, "bob");
  EXPECT_NE(refusal([&] { group("team"); }, Refused::Reason::conflict), "");
  EXPECT_NE(refusal([&] { add(team, "bob"); }, Refused::Reason::conflict), "");
  EXPECT_NE(refusal([&] { add(99, "bob"); }, Refused::Reason::not_found), "");
  EXPECT_NE(refusal([&] { remove_member(connection, team, "eve"); }, Refused::Reason::not_found), "");
  EXPECT_NE(refusal([&] { remove_group(connection, k_admins); }, Refused::Reason::forbidden), "");
}

}  // namespace torc::store
