#include "net/trusted_certificates.hpp"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <string>

#include "support/temp_dir.hpp"
#include "torc/base/file.hpp"

namespace torc::net {
namespace {

class TrustedCertificates : public testing::Test {
 protected:
  void SetUp() override { ::unsetenv("SSL_CERT_FILE"); }
  void TearDown() override { ::unsetenv("SSL_CERT_FILE"); }

  std::string add(const char* place) {
    const auto path = root / place;
    std::filesystem::create_directories(path.parent_path());
    base::write_file_atomically(path, "certificates");
    return path.string();
  }

  support::TempDir root;
};

TEST_F(TrustedCertificates, AreWhereEachDistributionHasThem) {
  EXPECT_EQ(trusted_certificates(root.path()), "");
  const std::string alpine = add("etc/ssl/cert.pem");
  EXPECT_EQ(trusted_certificates(root.path()), alpine);
  const std::string suse = add("etc/ssl/ca-bundle.pem");
  EXPECT_EQ(trusted_certificates(root.path()), suse);
  const std::string red_hat = add("etc/pki/tls/certs/ca-bundle.crt");
  EXPECT_EQ(trusted_certificates(root.path()), red_hat);
  const std::string debian = add("etc/ssl/certs/ca-certificates.crt");
  EXPECT_EQ(trusted_certificates(root.path()), debian);
}

TEST_F(TrustedCertificates, TheEnvironmentComesFirst) {
  add("etc/ssl/certs/ca-certificates.crt");
  ::setenv("SSL_CERT_FILE", "/some/where.pem", 1);
  EXPECT_EQ(trusted_certificates(root.path()), "/some/where.pem");
}

}  // namespace
}  // namespace torc::net
