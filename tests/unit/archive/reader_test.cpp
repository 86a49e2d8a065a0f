#include "torc/archive/reader.hpp"

#include <sys/resource.h>
#include <sys/stat.h>

#include <fstream>

#include <gtest/gtest.h>

#include "support/tar_builder.hpp"
#include "support/temp_dir.hpp"
#include "torc/archive/unpack.hpp"

namespace torc::archive {
namespace {

using support::gzip;
using support::TarBuilder;

class ReaderTest : public ::testing::Test {
 protected:
  std::filesystem::path write(const std::string& bytes) { return TarBuilder::write(m_dir / "a.tar.gz", bytes); }

  /// Names and content of the entries, or the error.
  std::string read(const std::string& bytes) {
    std::string result;
    try {
      Reader reader(write(bytes));
      while (const auto entry = reader.next()) {
        result += entry->name + "=";
        while (const auto block = reader.read()) {
          result += block->data;
        }
        result += ";";
      }
    } catch (const base::Error& error) {
      return error.what();
    }
    return result;
  }

  support::TempDir m_dir;
};

std::string noise(std::size_t size) {
  std::string result(size, '\0');
  std::uint64_t state = 1;
  for (char& c : result) {
    state = state * 6364136223846793005ULL + 1442695040888963407ULL;
    c = static_cast<char>(state >> 56U);
  }
  return result;
}

TEST_F(ReaderTest, ReturnsNamesAsBytesAndContent) {
  const std::string long_name = "./" + std::string(300, 'n');
  const auto tar = TarBuilder().file("./a\nb\xff", "1").file(long_name, "2").add('5', "./d/").bytes();
  EXPECT_EQ(read(gzip(tar)), "./a\nb\xff=1;" + long_name + "=2;./d/=;");
}

TEST_F(ReaderTest, NamesEachKind) {
  TarBuilder tar;
  tar.add('3', "c").add('4', "b").add('6', "f").add('5', "d").add('2', "s", "t").add('1', "h", "t");
  Reader reader(tar.write(m_dir / "a.tar.gz"));
  std::string kinds;
  while (const auto entry = reader.next()) {
    kinds += std::string(kind_name(entry->kind)) + " " + entry->target + ";";
  }
  EXPECT_EQ(kinds, "device ;device ;FIFO ;directory ;link t;hard link t;");
}

TEST_F(ReaderTest, ReadsOneArchiveOfSeveralMembersAndStopsAtItsEnd) {
  const auto tar = TarBuilder().file("a", noise(100'000)).file("b", "2").bytes();
  const auto whole = read(gzip(tar));
  EXPECT_EQ(read(gzip(tar.substr(0, 50'000)) + gzip(tar.substr(50'000))), whole);
  EXPECT_EQ(read(gzip(tar) + std::string(1000, '\0')), whole);
  // As with tar, a second archive after the end of the first is ignored.
  EXPECT_EQ(read(gzip(tar) + gzip(TarBuilder().file("c", "3").bytes())), whole);
}

TEST_F(ReaderTest, AnArchiveInAnArchiveIsAFile) {
  const auto inner = gzip(TarBuilder().add('3', "device").bytes());
  EXPECT_EQ(read(gzip(TarBuilder().file("inner.tar.gz", inner).bytes())), "inner.tar.gz=" + inner + ";");
}

TEST_F(ReaderTest, DescribesDamage) {
  const auto tar = TarBuilder().file("a", noise(300'000)).bytes();
  const auto packed = gzip(tar);
  EXPECT_EQ(read(""), "it is empty");
  EXPECT_EQ(read("hello, this is no archive"), "it is not a gzip file");
  EXPECT_EQ(read(tar), "it is not a gzip file");
  for (const std::size_t size : {1U, 5U, 100U, 200'000U}) {
    EXPECT_EQ(read(packed.substr(0, size)), "it ends too early") << size;
  }
  auto damaged = packed;
  damaged[packed.size() - 6] ^= 1;  // The CRC or the length.
  EXPECT_EQ(read(damaged), "its data are damaged");
  EXPECT_NE(read(gzip("hello, this is no archive")).find("not a tar archive"), std::string::npos);
  EXPECT_NE(read(gzip(tar.substr(0, 200'000))).find("damaged"), std::string::npos);
}

TEST_F(ReaderTest, AnyDamageEndsInAnError) {
  const auto tar = TarBuilder().file("a", "12345").add('2', "s", "a").file("b", noise(2'000)).bytes();
  const auto packed = gzip(tar);
  for (std::size_t at = 0; at < packed.size(); at += 3) {
    for (const int bit : {0, 3, 7}) {
      auto damaged = packed;
      damaged[at] = static_cast<char>(damaged[at] ^ (1 << bit));
      read(damaged);  // Must neither crash nor hang.
    }
  }
  for (std::size_t at = 0; at < tar.size(); at += 7) {
    auto damaged = tar;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x55);
    read(gzip(damaged));
  }
}

TEST_F(ReaderTest, OpensOnlyRegularFiles) {
  ASSERT_EQ(::mkfifo((m_dir / "fifo").c_str(), 0666), 0);
  try {
    Reader reader(m_dir / "fifo");
    FAIL() << "a FIFO was read";
  } catch (const base::Error& error) {
    EXPECT_EQ(std::string(error.what()), "it is a FIFO, not an archive");
  }
}

/// An endless header of GNU's old format for sparse files, in which each block lists 21 pieces.
TEST_F(ReaderTest, LimitsTheMemoryOfAHeader) {
  std::string tar = TarBuilder().add('S', "sparse", {}, {.claimed_size = 0}).bytes().substr(0, 512);
  const auto set_checksum = [&] {
    std::fill_n(tar.begin() + 148, 8, ' ');
    unsigned sum = 0;
    for (int i = 0; i < 512; ++i) {
      sum += static_cast<unsigned char>(tar[static_cast<std::size_t>(i)]);
    }
    std::snprintf(tar.data() + 148, 8, "%06o", sum);
    tar[155] = ' ';
  };
  tar.replace(386, 24,
              std::string("00000000000\0"
                          "00000000000\0",
                          24));  // The first piece.
  tar[482] = 1;                  // More blocks follow.
  set_checksum();
  std::string block;
  for (int i = 0; i < 21; ++i) {
    block += std::string("00000000000\0", 12) + std::string("00000000000\0", 12);
  }
  block += '\x01';
  block.resize(512, '\0');
  for (int i = 0; i < 200'000; ++i) {  // 100 MB, which compress to a few hundred kB.
    tar += block;
  }
  const auto packed = gzip(tar);
  EXPECT_LT(packed.size(), 1'000'000U);
  struct rusage before {};
  ::getrusage(RUSAGE_SELF, &before);
  EXPECT_EQ(read(packed), "one of its headers is too large");
  struct rusage after {};
  ::getrusage(RUSAGE_SELF, &after);
  EXPECT_LT(after.ru_maxrss - before.ru_maxrss, 100'000) << "kB";
}

TEST_F(ReaderTest, StopsWithinAnEntry) {
  const auto file = TarBuilder().file("zeros", std::string(std::size_t{8} << 20U, '\0')).write(m_dir / "a.tar.gz");
  std::stop_source stop;
  Reader reader(file, stop.get_token());
  ASSERT_TRUE(reader.next());
  ASSERT_TRUE(reader.read());
  stop.request_stop();
  EXPECT_THROW(reader.next(), Stopped);
  EXPECT_THROW(survey(file, stop.get_token()), Stopped);
}

}  // namespace
}  // namespace torc::archive
