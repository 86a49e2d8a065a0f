#include "torc/cli/command.hpp"

int main(int argc, char** argv) {
  return torc::cli::run(argc, argv);
}
