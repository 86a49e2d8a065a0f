#include "torc/app/fleet/fleet.hpp"

#include "torc/app/fleet/workers.hpp"

namespace torc::app {

Fleet load_fleet(client::Api& api, model::Id workflow_id, const std::vector<std::string>& hosts) {
  return {.workflow_id = workflow_id,
          .workers = choose_workers(make_workers(api.list_remote_workers(workflow_id)), hosts),
          .is_whole = hosts.empty()};
}

}  // namespace torc::app
