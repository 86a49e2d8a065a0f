#pragma once

#include <bitset>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace torc::spec {

/// A regular expression over names, in the syntax of Rust's regex crate as far as names need it: literals, `.`,
/// classes (`[a-z]`, `[^0-9]`, `[[:alpha:]]`, \d \w \s and their opposites), `^ $ \A \z \b \B`, groups (also `(?:`,
/// `(?P<name>` and `(?i)`, `(?s)`), `|`, `* + ? {n} {n,} {n,m}` and their lazy forms. Bytes above 0x7f match only as
/// literals, `.` and in negated classes. A search takes time in proportion to pattern times text, whatever they are.
class Pattern {
 public:
  /// @throws base::Error that says what is wrong with the expression
  explicit Pattern(std::string_view expression);

  /// Whether some part of `text` matches.
  bool found_in(std::string_view text) const;

 private:
  friend class PatternParser;

  using ByteSet = std::bitset<256>;
  enum class Op : std::uint8_t { bytes, split, jump, text_start, text_end, word_edge, no_word_edge, accept };

  /// One step of the machine. `split` goes on at `next` and at `other`.
  struct Instruction {
    Op op{Op::accept};
    std::uint32_t set{0};  ///< Of `bytes`: index into m_sets.
    std::uint32_t next{0};
    std::uint32_t other{0};
  };

  /// The steps that are alive at one place of the text, each once.
  struct Threads {
    std::vector<std::uint32_t> steps{};
    std::vector<std::uint32_t> marks{};  ///< By step: the round it was added in.
  };

  bool follow(std::uint32_t start, std::string_view text, std::size_t at, std::uint32_t round, Threads& threads,
              std::vector<std::uint32_t>& stack) const;

  std::vector<ByteSet> m_sets{};
  std::vector<Instruction> m_program{};
};

}  // namespace torc::spec
