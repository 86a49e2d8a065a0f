#include <vector>

#include "torc/cli/arguments.hpp"
#include "torc/cli/command.hpp"

int main(int argc, char** argv) {
  const auto words = torc::cli::take_arguments(argc, argv);
  std::vector<const char*> pointers;
  pointers.reserve(words.size());
  for (const auto& word : words) {
    pointers.push_back(word.c_str());
  }
  return torc::cli::run(static_cast<int>(pointers.size()), pointers.data());
}
