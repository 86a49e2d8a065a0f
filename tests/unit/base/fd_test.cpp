#include "torc/base/fd.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <string>
#include <thread>
#include <utility>

#include <gtest/gtest.h>

#include "torc/base/error.hpp"
#include "torc/base/non_blocking.hpp"

namespace torc::base {
namespace {

bool is_open(int fd) {
  return ::fcntl(fd, F_GETFD) >= 0;
}

TEST(Fd, ClosesAtTheEndOfItsLife) {
  int number = -1;
  {
    const Pipe pipe = Pipe::create();
    number = pipe.read_end.get();
    EXPECT_TRUE(is_open(number));
  }
  EXPECT_FALSE(is_open(number));
}

TEST(Fd, HasOneOwner) {
  Pipe pipe = Pipe::create();
  const int number = pipe.read_end.get();
  Fd second = std::move(pipe.read_end);
  EXPECT_FALSE(static_cast<bool>(pipe.read_end));
  EXPECT_EQ(second.get(), number);
  second = std::move(pipe.write_end);
  EXPECT_FALSE(is_open(number)) << "an assignment must close the previous descriptor";
  const int released = second.release();
  EXPECT_TRUE(is_open(released));
  ::close(released);
}

TEST(Pipe, IsNotInheritedByOtherPrograms) {
  const Pipe pipe = Pipe::create();
  EXPECT_TRUE(::fcntl(pipe.read_end.get(), F_GETFD) & FD_CLOEXEC);
  EXPECT_TRUE(::fcntl(pipe.write_end.get(), F_GETFD) & FD_CLOEXEC);
}

TEST(SetNonBlocking, MakesReadsFailInsteadOfWaiting) {
  const Pipe pipe = Pipe::create();
  set_non_blocking(pipe.read_end.get());
  char byte = 0;
  EXPECT_EQ(::read(pipe.read_end.get(), &byte, 1), -1);
  EXPECT_EQ(errno, EAGAIN);
  EXPECT_THROW(set_non_blocking(-1), SystemError);
}

TEST(WriteAll, WritesMoreThanThePipesCapacity) {
  Pipe pipe = Pipe::create();
  const std::string sent(3'000'000, 'x');
  std::thread writer([&] {
    write_all(pipe.write_end.get(), sent);
    pipe.write_end.reset();
  });
  const std::string received = read_all(pipe.read_end.get());
  writer.join();
  EXPECT_TRUE(received == sent);
}

TEST(WriteAll, ReportsAClosedReader) {
  const auto previous = std::signal(SIGPIPE, SIG_IGN);
  Pipe pipe = Pipe::create();
  pipe.read_end.reset();
  try {
    write_all(pipe.write_end.get(), "x");
    ADD_FAILURE() << "no error";
  } catch (const SystemError& error) {
    EXPECT_EQ(error.error_number(), EPIPE);
  }
  std::signal(SIGPIPE, previous);
}

TEST(ReadAll, ReportsReadErrors) {
  EXPECT_THROW(read_all(-1), SystemError);
}

}  // namespace
}  // namespace torc::base
