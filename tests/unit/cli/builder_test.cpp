// new and pack.
#include "fakes.hpp"
#include "tools/faas-cli/builder.hpp"
#include "tools/faas-cli/templates.hpp"

#include <boost/test/unit_test.hpp>

using namespace faas;
using namespace faas::cli;

namespace {

struct build : fixture {
  build() {
    scratch.write("sdk/faas/function.h", "");
    system.variables["PETREL_SDK"] = (scratch.path / "sdk").string();
  }
  /// A compiler that writes its output file.
  void make_compiler() {
    system.on_run = [](const std::vector<std::string>& command) {
      std::ofstream{command.back()} << "library";
      return result<int>{0};
    };
  }
  void age(const fs::path& file, int seconds) {
    fs::last_write_time(scratch.path / file, fs::file_time_type::clock::now()
                                               - std::chrono::seconds{seconds});
  }
  std::string digest() {
    const auto at = out.str().find("sha256:");
    return at == std::string::npos ? "" : out.str().substr(at, 71);
  }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(builder_test, build)

  BOOST_AUTO_TEST_CASE(new_functions_pack_in_every_language) {
    make_compiler();
    for (const std::string language : {"cpp", "c", "torch", "node", "shell"}) {
      BOOST_TEST(cli({"new", "f-" + language, "--lang", language}) == 0);
      system.folder = scratch.path / ("f-" + language);
      if (language == "torch")
        scratch.write("f-torch/model.pt", "model");
      BOOST_TEST(cli({"pack"}) == 0, err.str());
      // Sources and tests stay here.
      BOOST_TEST(printed(language == "node" ? "packed 2 files,"
                                            : "packed 1 file,"),
                 out.str());
      system.folder = scratch.path;
    }
  }

  BOOST_AUTO_TEST_CASE(a_new_function_is_at_most_15_lines) {
    for (const std::string language : {"cpp"})
      for (const auto& file : function_template(language, "f"))
        if (file.path == "f.cpp")
          BOOST_TEST(std::count(file.text.begin(), file.text.end(), '\n')
                     <= 15);
    BOOST_TEST(function_template("cobol", "f").empty());
  }

  BOOST_AUTO_TEST_CASE(new_lists_its_languages_and_asks_for_a_name) {
    BOOST_TEST(cli({"new", "--list"}) == 0);
    for (const auto& each : template_languages()) {
      BOOST_TEST(printed(std::string{each.name}), each.name);
      BOOST_TEST(!function_template(each.name, "f").empty(), each.name);
    }
    BOOST_TEST(cli({"new"}) == 2);
    BOOST_TEST(complained("has no name"));
  }

  BOOST_AUTO_TEST_CASE(new_makes_programs_that_may_be_executed) {
    BOOST_TEST(cli({"new", "count", "--lang", "shell"}) == 0);
    BOOST_TEST(
      std::system((scratch.path / "count/test.sh").c_str()) == 0);
    const auto mode = fs::status(scratch.path / "count/stack.yml").permissions();
    BOOST_TEST(((mode & fs::perms::owner_exec) == fs::perms::none));
  }

  BOOST_AUTO_TEST_CASE(new_refuses_bad_names_languages_and_existing_folders) {
    BOOST_TEST(cli({"new", "Bad_Name"}) == 2);
    BOOST_TEST(cli({"new", "../f"}) == 2);
    BOOST_TEST(cli({"new", "f", "--lang", "cobol"}) == 2);
    BOOST_TEST(complained("cpp, c, python, node, shell, torch"));
    BOOST_TEST(!fs::exists(scratch.path / "f"));
    BOOST_TEST(cli({"new", "f"}) == 0);
    BOOST_TEST(cli({"new", "f"}) == 1);
    BOOST_TEST(complained("exists already"));
  }

  BOOST_AUTO_TEST_CASE(sources_are_compiled_when_newer_than_the_library) {
    make_compiler();
    BOOST_TEST(cli({"new", "f"}) == 0);
    system.folder = scratch.path / "f";
    BOOST_TEST(cli({"pack"}) == 0, err.str());
    BOOST_REQUIRE(system.commands.size() == 1);
    const auto& command = system.commands[0];
    BOOST_TEST(command[0] == "c++");
    BOOST_TEST(command.back() == (scratch.path / "f/f.so").string());
    BOOST_TEST(complained("c++ -std=c++20 -O2 -shared -fPIC"));
    BOOST_TEST(cli({"pack"}) == 0);
    BOOST_TEST(system.commands.size() == 1); // up to date
    age("f/f.so", 100);
    BOOST_TEST(cli({"pack"}) == 0);
    BOOST_TEST(system.commands.size() == 2);
  }

  BOOST_AUTO_TEST_CASE(a_compiled_sdk_goes_first_unless_it_is_old) {
    make_compiler();
    system.variables.erase("PETREL_SDK");
    BOOST_TEST(cli({"new", "f"}) == 0);
    system.folder = scratch.path / "f";
    scratch.write("f/bin/faas-cli", ""); // where the program is
    scratch.write("f/include/faas/function.h", "");
    scratch.write("f/include/faas/function.hpp", "");
    scratch.write("f/sdk-compiled/faas/function.hpp.gch", "");
    const auto sdk = "-I" + (system.folder / "include").string();
    const auto compiled = "-I" + (system.folder / "sdk-compiled").string();
    const auto includes = [&] {
      std::vector<std::string> found;
      BOOST_TEST(cli({"pack"}) == 0, err.str());
      for (const auto& word : system.commands.back())
        if (word.starts_with("-I"))
          found.push_back(word);
      age("f/f.so", 100);
      return found;
    };
    BOOST_TEST((includes() == std::vector{compiled, sdk}));
    age("f/sdk-compiled/faas/function.hpp.gch", 100);
    BOOST_TEST((includes() == std::vector{sdk}));
  }

  BOOST_AUTO_TEST_CASE(the_compiler_is_chosen_by_language_and_environment) {
    make_compiler();
    BOOST_TEST(cli({"new", "f", "--lang", "c"}) == 0);
    system.folder = scratch.path / "f";
    BOOST_TEST(cli({"pack"}) == 0);
    BOOST_TEST(system.commands[0][0] == "cc");
    BOOST_TEST(system.commands[0][1] == "-std=c11");
    system.variables["CC"] = "my-cc";
    age("f/f.so", 100);
    BOOST_TEST(cli({"pack"}) == 0);
    BOOST_TEST(system.commands[1][0] == "my-cc");
    scratch.write("f/more.cpp", "");
    age("f/f.so", 100);
    BOOST_TEST(cli({"pack"}) == 2);
    BOOST_TEST(complained("mixes C and C++"));
  }

  BOOST_AUTO_TEST_CASE(compiler_failures_end_with_1) {
    BOOST_TEST(cli({"new", "f"}) == 0);
    system.folder = scratch.path / "f";
    system.on_run = [](const auto&) { return result<int>{1}; };
    BOOST_TEST(cli({"pack"}) == 1);
    BOOST_TEST(complained("f does not compile"));
    BOOST_TEST(!fs::exists(scratch.path / "f/.petrel"));
    system.on_run = [](const auto&) {
      return result<int>{errc::not_found, "cannot run c++"};
    };
    BOOST_TEST(cli({"pack"}) == 3);
  }

  BOOST_AUTO_TEST_CASE(a_missing_sdk_or_artifact_or_folder_is_named) {
    system.variables["PETREL_SDK"] = "/nowhere";
    BOOST_TEST(cli({"new", "f"}) == 0);
    system.folder = scratch.path / "f";
    BOOST_TEST(cli({"pack"}) == 3);
    BOOST_TEST(complained("set PETREL_SDK"));
    fs::remove(scratch.path / "f/f.cpp");
    BOOST_TEST(cli({"pack"}) == 3);
    BOOST_TEST(complained("no file f.so in"));
    scratch.write("f/stack.yml", "functions:\n  f:\n    handler: ./no\n"
                                 "    petrel: {artifact: f.so}\n  g: {}\n"
                                 "  h: {handler: .}\n");
    BOOST_TEST(cli({"pack", "f"}) == 3);
    BOOST_TEST(complained("(handler of the manifest)"));
    BOOST_TEST(cli({"pack", "g"}) == 3);
    BOOST_TEST(cli({"pack", "h"}) == 2);
    BOOST_TEST(complained("names no petrel.artifact"));
  }

  BOOST_AUTO_TEST_CASE(a_builtin_function_is_put_into_the_bundle) {
    const auto manifest = [&](const std::string& more) {
      scratch.write("stack.yml", "functions:\n  f:\n    " + more + "\n");
    };
    scratch.write("lib/petrel/builtins/json-map.so", "library");
    scratch.write("lib/petrel/builtins/window.so", "another");
    manifest("petrel: {artifact: builtin/json-map}");
    BOOST_TEST(cli({"pack"}) == 0, err.str());
    BOOST_TEST(printed("packed 1 file,"), out.str());
    const auto alone = digest();
    // What it is goes by its content: another library, another bundle.
    scratch.write("other/json-map.so", "newer");
    system.variables["PETREL_BUILTINS"] = (scratch.path / "other").string();
    BOOST_TEST(cli({"pack"}) == 0, err.str());
    BOOST_TEST(digest() != alone);
    system.variables.erase("PETREL_BUILTINS");
    // With a folder its files come along; its sources are not compiled.
    scratch.write("f/more.txt", "x");
    scratch.write("f/f.cpp", "");
    manifest("{handler: ./f, petrel: {artifact: builtin/json-map}}");
    BOOST_TEST(cli({"pack"}) == 0, err.str());
    BOOST_TEST(printed("packed 3 files,"), out.str());
    BOOST_TEST(system.commands.empty());
    scratch.write("f/builtin/json-map", "in the way");
    BOOST_TEST(cli({"pack"}) != 0);
    BOOST_TEST(complained("stands where the builtin function goes"));
    manifest("{handler: ./no, petrel: {artifact: builtin/json-map}}");
    BOOST_TEST(cli({"pack"}) == 3);
    BOOST_TEST(complained("(handler of the manifest)"));
  }

  BOOST_AUTO_TEST_CASE(a_builtin_function_that_is_none_is_named) {
    const auto manifest = [&](const std::string& artifact) {
      scratch.write("stack.yml", "functions:\n  f:\n    handler: .\n    petrel: "
                                 "{artifact: " + artifact + "}\n");
    };
    manifest("builtin/json-map");
    BOOST_TEST(cli({"pack"}) == 3);
    BOOST_TEST(complained("set PETREL_BUILTINS"));
    scratch.write("lib/petrel/builtins/window.so", "library");
    scratch.write("lib/petrel/builtins/json-map.so", "library");
    manifest("builtin/xml-map");
    BOOST_TEST(cli({"pack"}) == 3);
    BOOST_TEST(complained("there are: json-map, window"));
    for (const std::string own : {"builtin/x.so", "builtin/a/b", "builtins/x"}) {
      manifest(own); // a file of one's own folder
      BOOST_TEST(cli({"pack"}) == 3);
      BOOST_TEST(complained("no file " + own + " in"));
    }
  }

  BOOST_AUTO_TEST_CASE(a_program_needs_no_artifact_but_must_be_there) {
    const auto manifest = [&](const std::string& command) {
      scratch.write("stack.yml", "functions:\n  f:\n    handler: ./f\n    "
                                 "petrel: {runtime: process, command: ["
                                   + command + "]}\n");
    };
    scratch.write("f/run.sh", "#!/bin/sh\n");
    manifest("tr, a-z, A-Z");
    BOOST_TEST(cli({"pack"}) == 0, err.str());
    BOOST_TEST(printed("packed 1 file,"), out.str());
    manifest("/bin/cat"); // of the node
    BOOST_TEST(cli({"pack"}) == 0, err.str());
    manifest("./other.sh");
    BOOST_TEST(cli({"pack"}) == 3);
    BOOST_TEST(complained("no program ./other.sh in"));
    manifest("./run.sh");
    BOOST_TEST(cli({"pack"}) == 2);
    BOOST_TEST(complained("may not be executed"));
    fs::permissions(scratch.path / "f/run.sh", fs::perms::owner_all);
    BOOST_TEST(cli({"pack"}) == 0, err.str());
  }

  BOOST_AUTO_TEST_CASE(sample_events_must_be_in_the_bundle) {
    const auto manifest = [&](const std::string& petrel) {
      scratch.write("stack.yml", "functions:\n  f:\n    handler: ./f\n    "
                                 "petrel: {runtime: process, command: [cat], "
                                   + petrel
                                   + "samples: [{body: in/a.json}]}\n");
    };
    manifest("");
    scratch.write("f/run.sh", "");
    BOOST_TEST(cli({"pack"}) == 3);
    BOOST_TEST(complained("f: the sample event in/a.json is no file in"));
    BOOST_TEST(complained("mend petrel.samples"));
    scratch.write("f/in/a.json", std::string(1 << 20, 'x'));
    BOOST_TEST(cli({"pack"}) == 0, err.str());
    BOOST_TEST(printed("packed 2 files,"), out.str());
    scratch.write("f/in/a.json", std::string((1 << 20) + 1, 'x'));
    BOOST_TEST(cli({"pack"}) != 0);
    BOOST_TEST(complained("has more than 1048576 bytes"));
    scratch.write("f/in/a.json", "123");
    manifest("max_body: 2, ");
    BOOST_TEST(cli({"pack"}) != 0);
    BOOST_TEST(complained("has more than 2 bytes"));
    manifest("");
    scratch.write("f/.petrelignore", "in/\n");
    BOOST_TEST(cli({"pack"}) == 2);
    BOOST_TEST(complained("in/a.json is not packed"));
  }

  BOOST_AUTO_TEST_CASE(each_build_and_builtin_has_its_sample_events) {
    scratch.write("x/f.so", "library");
    scratch.write("stack.yml",
                  "functions:\n  f:\n    handler: .\n    petrel:\n"
                  "      artifact: f.so\n      samples: [{body: a}]\n"
                  "      platforms: [{arch: x86_64, folder: x}]\n");
    BOOST_TEST(cli({"pack"}) == 3);
    BOOST_TEST(complained("the sample event a is no file in"));
    scratch.write("x/a", "1");
    BOOST_TEST(cli({"pack"}) == 0, err.str());
    scratch.write("lib/petrel/builtins/json-map.so", "library");
    const auto builtin = [&](const std::string& more) {
      scratch.write("stack.yml", "functions:\n  f: {" + more
                                   + "petrel: {artifact: builtin/json-map, "
                                     "samples: [{body: a}]}}\n");
    };
    builtin("");
    BOOST_TEST(cli({"pack"}) == 2);
    BOOST_TEST(complained("has sample events and no folder"));
    builtin("handler: ./y, ");
    scratch.write("y/b", "");
    BOOST_TEST(cli({"pack"}) == 3);
    scratch.write("y/a", "");
    BOOST_TEST(cli({"pack"}) == 0, err.str());
  }

  BOOST_AUTO_TEST_CASE(the_same_content_has_the_same_digest) {
    scratch.write("stack.yml", "functions:\n  f:\n    handler: .\n"
                               "    petrel: {artifact: f.so}\n");
    scratch.write("f.so", "library");
    BOOST_TEST(cli({"pack"}) == 0, err.str());
    const auto first = digest();
    BOOST_TEST(first.size() == 71);
    age("f.so", 1000);
    BOOST_TEST(cli({"pack"}) == 0); // .petrel itself is not packed
    BOOST_TEST(digest() == first);
    BOOST_TEST(cli({"pack", "-o", "out.tar.zst"}) == 0);
    BOOST_TEST(digest() == first);
    BOOST_TEST(fs::exists(scratch.path / "out.tar.zst"));
    scratch.write("f.so", "other");
    BOOST_TEST(cli({"pack"}) == 0);
    BOOST_TEST(digest() != first);
  }

  BOOST_AUTO_TEST_CASE(manifest_mistakes_are_usage_errors) {
    BOOST_TEST(cli({"pack"}) == 3);
    BOOST_TEST(complained("no stack.yaml or stack.yml in this folder"));
    scratch.write("stack.yml", "functions:\n  f:\n    petrel: {modus: x}\n");
    BOOST_TEST(cli({"pack"}) == 2);
    BOOST_TEST(complained("line 3: functions.f.petrel.modus: unknown key"));
    scratch.write("stack.yml", "functions:\n  f: {handlr: x}\n");
    BOOST_TEST(cli({"pack", "g"}) == 3);
    BOOST_TEST(complained("has no function \"g\""));
    BOOST_TEST(complained("it has: f"));
    BOOST_TEST(complained("Warning: stack.yml: line 2"));
    scratch.write("stack.yml", "functions: {f: {handler: .}, g: {}}\n");
    BOOST_TEST(cli({"pack", "-o", "x"}) == 2);
  }

  BOOST_AUTO_TEST_CASE(a_folder_with_a_link_out_is_refused) {
    scratch.write("stack.yml", "functions:\n  f:\n    handler: ./src\n"
                               "    petrel: {artifact: f.so}\n");
    scratch.write("src/f.so", "library");
    fs::create_symlink("/etc/passwd", scratch.path / "src/secret");
    BOOST_TEST(cli({"pack"}) == 1);
    BOOST_TEST(complained("bad_bundle"));
    BOOST_TEST(complained("secret"));
  }

  BOOST_AUTO_TEST_SUITE_END()
