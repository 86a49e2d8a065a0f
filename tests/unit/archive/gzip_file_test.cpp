// Compressing a file into memory.
#include "torc/archive/gzip_file.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

#include <fmt/format.h>

#include "archive/gzip_stream.hpp"
#include "support/temp_dir.hpp"
#include "torc/base/error.hpp"

namespace torc::archive {
namespace {

std::string unpacked(const base::Fd& packed) {
  GzipStream stream(fmt::format("/proc/self/fd/{}", packed.get()));
  std::string content;
  for (auto piece = stream.read(); !piece.empty(); piece = stream.read()) {
    content += piece;
  }
  return content;
}

TEST(GzipFile, KeepsTheContent) {
  const support::TempDir directory;
  const std::string file = directory.file("program");
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{3'000'000}}) {
    std::string content(size, 'x');
    for (std::size_t i = 0; i < size; i += 7) {
      content[i] = static_cast<char>(i * 2'654'435'761U >> 13U);
    }
    std::ofstream(file, std::ios::binary) << content;
    const base::Fd packed = gzip_file(file);
    EXPECT_TRUE(unpacked(packed) == content) << size << " bytes";
    EXPECT_LT(::lseek(packed.get(), 0, SEEK_END), static_cast<off_t>(size / 2 + 100));
  }
}

TEST(GzipFile, NamesAFileThatCannotBeRead) {
  EXPECT_THROW(gzip_file("/nonexistent/torc"), base::SystemError);
}

}  // namespace
}  // namespace torc::archive
