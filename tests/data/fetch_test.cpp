// Fetching against a web server on loopback.
#include "ltlab/data/fetch.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <memory>

#include "data/sample_files.h"
#include "data/web_server.h"
#include "ltlab/base/error.h"
#include "ltlab/base/sha256.h"
#include "ltlab/data/file_digest.h"
#include "support/temporary_folder.h"

namespace ltlab::test {
namespace {

using Catch::Matchers::Contains;
using Requests = std::vector<std::string>;

std::string sha256_of(const Bytes& bytes) {
  Sha256 digest;
  digest.add(std::as_bytes(std::span(bytes)));
  return digest.hex();
}

/// A small data set on a server: two IDX files, the images incompressible enough to take a while.
struct Site {
  TemporaryFolder served, target;
  Bytes images = idx_images(400, 28, 28), labels = idx_labels(400);
  Source source{
      "sample",
      "sample-folder",
      "http://127.0.0.1:1/nowhere",
      {{"images", sha256_of(images), ""}, {"labels.gz", sha256_of(gzipped(labels)), sha256_of(labels)}},
      std::nullopt};

  Site() {
    save(images, served.path() / "images");
    save(gzipped(labels), served.path() / "labels.gz");
  }

  std::filesystem::path folder() const { return target.path() / source.folder; }

  std::vector<FetchedFile> fetch_from(const std::string& mirror) const {
    FetchOptions options;
    options.directory = target.path();
    options.mirror = mirror;
    options.download.connect_timeout = std::chrono::seconds(5);
    options.download.stall_timeout = std::chrono::seconds(1);
    return fetch(source, options);
  }
};

Bytes head(const Bytes& bytes, std::size_t size) {
  return {bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size)};
}

}  // namespace

TEST_CASE("Fetching brings verified files, and leaves them the next time", "[data][fetch]") {
  const Site site;
  const WebServer server(site.served.path());
  auto files = site.fetch_from(server.url("plain") + "/");
  REQUIRE(files.size() == 2);
  CHECK_FALSE(files[0].was_there);
  CHECK(load(site.folder() / "images") == site.images);
  CHECK(load(site.folder() / "labels.gz") == gzipped(site.labels));
  CHECK_FALSE(std::filesystem::exists(site.folder() / "images.part"));

  files = site.fetch_from(server.url("plain"));
  CHECK((files[0].was_there && files[1].was_there));
  CHECK(server.requests() == Requests{"plain images 0", "plain labels.gz 0"});
}

TEST_CASE("Fetching tells how far it is", "[data][fetch]") {
  const Site site;
  const WebServer server(site.served.path());
  std::uint64_t most = 0, total = 0;
  FetchOptions options;
  options.directory = site.target.path();
  options.mirror = server.url("plain");
  options.progress = [&](const std::string& file, std::uint64_t done, std::uint64_t all) {
    if (file != "images") return;
    most = std::max(most, done);
    total = std::max(total, all);
  };
  fetch(site.source, options);
  CHECK(most == site.images.size());
  CHECK(total == site.images.size());
}

TEST_CASE("A part left behind is gone on with", "[data][fetch]") {
  const Site site;
  const WebServer server(site.served.path());
  save(head(site.images, 70000), site.folder() / "images.part");

  SECTION("from where it stops") {
    site.fetch_from(server.url("plain"));
    CHECK(server.requests().at(0) == "plain images 70000");
    CHECK(server.requests().size() == 2);
  }
  SECTION("from the start, where the server sends no parts") {
    site.fetch_from(server.url("whole"));
    CHECK(server.requests().at(0) == "whole images 70000");
    CHECK(server.requests().at(1) == "whole images 0");
  }
  SECTION("from the start, where it is part of something else") {
    save(Bytes(70000, 1), site.folder() / "images.part");
    site.fetch_from(server.url("plain"));
    CHECK(server.requests().at(0) == "plain images 70000");
    CHECK(server.requests().at(1) == "plain images 0");
  }
  SECTION("at once, where it is whole") {
    save(site.images, site.folder() / "images.part");
    site.fetch_from(server.url("plain"));
    CHECK(server.requests().size() == 2);
  }
  SECTION("from the start, where it is longer than the file") {
    save(Bytes(site.images.size() + 5, 1), site.folder() / "images.part");
    site.fetch_from(server.url("plain"));
  }
  CHECK(load(site.folder() / "images") == site.images);
  CHECK_FALSE(std::filesystem::exists(site.folder() / "images.part"));
}

TEST_CASE("A transfer that breaks off is taken up again", "[data][fetch]") {
  const Site site;
  const WebServer server(site.served.path());
  site.fetch_from(server.url("breaks"));
  CHECK(load(site.folder() / "images") == site.images);
  const Requests expected{"breaks images 0", "breaks images 100000", "breaks images 200000",
                          "breaks images 300000", "breaks labels.gz 0"};
  CHECK(server.requests() == expected);
}

TEST_CASE("What came from a server that goes away is kept for the next time", "[data][fetch]") {
  const Site site;
  {
    const WebServer server(site.served.path());
    const std::string url = server.url("dies");
    const std::string message = message_of<IoError>([&] { site.fetch_from(url); });
    CHECK_THAT(message, Contains(url + "/images") && Contains("the same command goes on from there"));
    CHECK(load(site.folder() / "images.part") == head(site.images, 100000));
    CHECK_FALSE(std::filesystem::exists(site.folder() / "images"));
  }
  const WebServer server(site.served.path());
  site.fetch_from(server.url("plain"));
  CHECK(load(site.folder() / "images") == site.images);
  CHECK(server.requests().back() == "plain labels.gz 0");
  const auto requests = server.requests();
  CHECK(std::count(requests.begin(), requests.end(), "plain images 100000") == 1);
}

TEST_CASE("A transfer that stalls is taken up again", "[data][fetch]") {
  Site site;
  site.images.resize(1500);  // two answers of 1,000 bytes at most
  save(site.images, site.served.path() / "images");
  site.source.files = {{"images", sha256_of(Bytes{}), ""}};
  const WebServer server(site.served.path());
  // The first answer stalls after 1,000 bytes, the second brings the rest, which is not what was published.
  CHECK_THAT(message_of<DataError>([&] { site.fetch_from(server.url("hangs")); }),
             Contains("is not the published file"));
  CHECK(server.requests() == Requests{"hangs images 0", "hangs images 1000"});
}

TEST_CASE("Wrong bytes are discarded, and verified files stay", "[data][fetch]") {
  const Site site;
  const WebServer server(site.served.path());
  save(site.images, site.folder() / "images");
  const std::string message = message_of<DataError>([&] { site.fetch_from(server.url("wrong")); });
  CHECK_THAT(message,
             Contains("/wrong/labels.gz") && Contains(site.source.files[1].sha256) && Contains("--mirror"));
  CHECK(load(site.folder() / "images") == site.images);
  CHECK_FALSE(std::filesystem::exists(site.folder() / "labels.gz"));
  CHECK_FALSE(std::filesystem::exists(site.folder() / "labels.gz.part"));
}

TEST_CASE("A file that is not the published one is left alone", "[data][fetch]") {
  const Site site;
  const WebServer server(site.served.path());
  save({1, 2, 3}, site.folder() / "images");
  CHECK_THAT(message_of<DataError>([&] { site.fetch_from(server.url("plain")); }),
             Contains("images' is there already") && Contains("--data-dir"));
  CHECK(load(site.folder() / "images") == Bytes{1, 2, 3});
  CHECK(server.requests().empty());
}

TEST_CASE("A file packed otherwise is the published one by its content", "[data][fetch]") {
  const Site site;
  const PublishedFile& labels = site.source.files[1];
  const auto path = site.target.path() / "labels";
  save(site.labels, path);
  CHECK(compare(labels, path) == Authenticity::published);
  Bytes repacked = gzipped(site.labels);
  repacked[9] ^= 1;  // the gzip header's field for the operating system
  save(repacked, path);
  CHECK(compare(labels, path) == Authenticity::published);
  save(head(repacked, repacked.size() - 4), path);
  CHECK(compare(labels, path) == Authenticity::different);
  const PublishedFile without_content{"labels.gz", labels.sha256, ""};
  save(site.labels, path);
  CHECK(compare(without_content, path) == Authenticity::unknown);
  save(repacked, site.target.path() / "labels.gz");
  CHECK(compare(without_content, site.target.path() / "labels.gz") == Authenticity::different);
}

TEST_CASE("A server that sends for ever is left", "[data][fetch]") {
  Site site;
  const WebServer server(site.served.path());
  site.source.files[0].most_bytes = site.images.size();
  CHECK_THAT(
      message_of<DataError>([&] { site.fetch_from(server.url("endless")); }),
      Contains("/endless/images sends is longer than the published file can be") && Contains("--mirror"));
  CHECK_FALSE(std::filesystem::exists(site.folder() / "images.part"));
  site.fetch_from(server.url("plain"));
  CHECK(load(site.folder() / "images") == site.images);
}

TEST_CASE("Nothing is appended to a file that has another name", "[data][fetch]") {
  const Site site;
  const WebServer server(site.served.path());
  const auto victim = site.target.path() / "victim", part = site.folder() / "images.part";
  save(Bytes(1000, 1), victim);
  std::filesystem::create_directory(site.folder());
  SECTION("a symbolic link") {
    std::filesystem::create_symlink(victim, part);
  }
  SECTION("a symbolic link to nothing") {
    std::filesystem::create_symlink(site.target.path() / "absent", part);
  }
  SECTION("a hard link") {
    std::filesystem::create_hard_link(victim, part);
  }
  SECTION("a pipe") {
    REQUIRE(::mkfifo(part.c_str(), 0600) == 0);
  }
  CHECK_THAT(message_of<DataError>([&] { site.fetch_from(server.url("plain")); }),
             Contains("images.part' is a link or no file"));
  CHECK(load(victim) == Bytes(1000, 1));
  CHECK_FALSE(std::filesystem::exists(site.target.path() / "absent"));
}

TEST_CASE("Two fetches of one data set do not meet", "[data][fetch]") {
  const Site site;
  const WebServer server(site.served.path());
  std::filesystem::create_directory(site.folder());
  const int folder = ::open(site.folder().c_str(), O_RDONLY | O_DIRECTORY);
  REQUIRE(::flock(folder, LOCK_EX) == 0);
  CHECK_THAT(message_of<IoError>([&] { site.fetch_from(server.url("plain")); }),
             Contains("another process is fetching into") && Contains("sample-folder"));
  CHECK(server.requests().empty());
  ::close(folder);
  site.fetch_from(server.url("plain"));
}

TEST_CASE("An archive is unpacked through no link", "[data][fetch]") {
  Site site;
  const Bytes archive = gzipped(
      tar({{"sample-folder/images", site.images}, {"sample-folder/labels.gz", gzipped(site.labels)}}));
  save(archive, site.served.path() / "all.tar.gz");
  site.source.archive = PublishedFile{"all.tar.gz", sha256_of(archive), ""};
  const WebServer server(site.served.path());
  save(Bytes(10, 1), site.target.path() / "victim" / "images");
  std::filesystem::create_directory_symlink(site.target.path() / "victim",
                                            site.target.path() / "sample-folder.part");
  site.fetch_from(server.url("plain"));
  CHECK(load(site.target.path() / "victim" / "images") == Bytes(10, 1));
  CHECK(load(site.folder() / "images") == site.images);
}

TEST_CASE("Faults of network and server are told with the URL", "[data][fetch]") {
  Site site;
  const WebServer server(site.served.path());
  std::filesystem::remove(site.served.path() / "images");
  CHECK_THAT(message_of<IoError>([&] { site.fetch_from(server.url("plain")); }),
             Contains("HTTP status 404") && Contains(server.url("plain") + "/images"));
  CHECK_THAT(message_of<IoError>([&] { site.fetch_from(""); }),
             Contains("cannot fetch http://127.0.0.1:1/nowhere/images") && Contains("check the network"));
  CHECK_THAT(message_of<IoError>([&] { site.fetch_from("file:///etc"); }), Contains("file:///etc/images"));
  save({}, site.target.path() / "occupied");
  site.source.folder = "occupied";
  CHECK_THAT(message_of<IoError>([&] { site.fetch_from(server.url("plain")); }), Contains("occupied"));
}

TEST_CASE("An archive is fetched, unpacked and removed", "[data][fetch]") {
  Site site;
  const Bytes archive = gzipped(tar({{"sample-folder/readme", {1}},
                                     {"sample-folder/images", site.images},
                                     {"sample-folder/labels.gz", gzipped(site.labels)}}));
  save(archive, site.served.path() / "all.tar.gz");
  site.source.archive = PublishedFile{"all.tar.gz", sha256_of(archive), ""};
  const WebServer server(site.served.path());

  SECTION("from nothing") {
    CHECK_FALSE(site.fetch_from(server.url("plain"))[0].was_there);
  }
  SECTION("after it was fetched but not unpacked") {
    save(archive, site.target.path() / "all.tar.gz");
    site.fetch_from(server.url("plain"));
    CHECK(server.requests().empty());
  }
  SECTION("where a part of the files is there") {
    save(site.images, site.folder() / "images");
    const auto files = site.fetch_from(server.url("plain"));
    CHECK((files[0].was_there && !files[1].was_there));
  }
  CHECK(load(site.folder() / "images") == site.images);
  CHECK(load(site.folder() / "labels.gz") == gzipped(site.labels));
  const std::size_t requests = server.requests().size();
  CHECK(site.fetch_from(server.url("plain"))[1].was_there);
  CHECK(server.requests().size() == requests);
  const auto entries = std::filesystem::directory_iterator(site.target.path());
  CHECK(std::distance(begin(entries), end(entries)) == 1);
}

}  // namespace ltlab::test
