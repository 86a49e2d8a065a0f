#include "spec/pattern.hpp"

namespace torc::spec {
namespace {

bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

bool at_word_edge(std::string_view text, std::size_t at) {
  const bool before = at > 0 && is_word(text[at - 1]);
  const bool after = at < text.size() && is_word(text[at]);
  return before != after;
}

}  // namespace

// Thompson's construction, simulated with all threads side by side: no backtracking, so nothing to blow up.

bool Pattern::follow(std::uint32_t start, std::string_view text, std::size_t at, std::uint32_t round,
                     Threads& threads, std::vector<std::uint32_t>& stack) const {
  stack.push_back(start);
  while (!stack.empty()) {
    const std::uint32_t step = stack.back();
    stack.pop_back();
    if (threads.marks[step] == round) {
      continue;
    }
    threads.marks[step] = round;
    const Instruction& instruction = m_program[step];
    switch (instruction.op) {
      case Op::bytes:
        threads.steps.push_back(step);
        break;
      case Op::split:
        stack.push_back(instruction.other);
        stack.push_back(instruction.next);
        break;
      case Op::jump:
        stack.push_back(instruction.next);
        break;
      case Op::text_start:
        if (at == 0) {
          stack.push_back(instruction.next);
        }
        break;
      case Op::text_end:
        if (at == text.size()) {
          stack.push_back(instruction.next);
        }
        break;
      case Op::word_edge:
      case Op::no_word_edge:
        if (at_word_edge(text, at) == (instruction.op == Op::word_edge)) {
          stack.push_back(instruction.next);
        }
        break;
      case Op::accept:
        return true;
    }
  }
  return false;
}

bool Pattern::found_in(std::string_view text) const {
  Threads now{.marks = std::vector<std::uint32_t>(m_program.size(), 0)};
  Threads then{.marks = std::vector<std::uint32_t>(m_program.size(), 0)};
  std::vector<std::uint32_t> stack;
  for (std::size_t at = 0; at <= text.size(); ++at) {
    // Rounds are counted from 1, and differ between the place and the one behind it.
    const auto round = static_cast<std::uint32_t>(at + 1);
    if (follow(0, text, at, round, now, stack)) {
      return true;
    }
    if (at == text.size()) {
      return false;
    }
    const auto byte = static_cast<unsigned char>(text[at]);
    for (const std::uint32_t step : now.steps) {
      const Instruction& instruction = m_program[step];
      if (m_sets[instruction.set][byte] && follow(instruction.next, text, at + 1, round + 1, then, stack)) {
        return true;
      }
    }
    now.steps.clear();
    std::swap(now, then);
  }
  return false;
}

}  // namespace torc::spec
