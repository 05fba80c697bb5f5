// SPDX-License-Identifier: MIT
//
// hello [URL]: puts a message into the box, takes it out again and prints it. C++11.
//
//	c++ hello.cc -o hello -lmsgbox
#include <msgbox.h>

#include <cerrno>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <memory>
#include <string>
#include <system_error>

namespace {

[[noreturn]] void fail(const char *what)
{
	// Reads errno before anything can change it.
	const std::error_code code(errno, std::generic_category());

	throw std::system_error(code, std::string(what) + ": " + msgbox_error());
}

class Box {
public:
	explicit Box(const char *url) : box_(msgbox_open(url), &msgbox_close)
	{
		if (!box_)
			fail("open");
	}

	void put(const std::string &message)
	{
		if (msgbox_put(box_.get(), message.data(), message.size()))
			fail("put");
	}

	// Takes the newest message. Waits for one, for timeout_ms milliseconds at most. 0 does
	// not wait.
	std::string take(int timeout_ms = 0)
	{
		void *memory = nullptr;
		std::size_t size = 0;
		const ssize_t length = msgbox_take(box_.get(), &memory, &size, timeout_ms);
		const std::unique_ptr<void, decltype(&std::free)> owner(memory, &std::free);

		if (length < 0)
			fail("take");
		return std::string(static_cast<const char *>(memory), static_cast<std::size_t>(length));
	}

private:
	std::unique_ptr<msgbox, decltype(&msgbox_close)> box_;
};

} // namespace

int main(int argc, char **argv)
try {
	Box box(argc > 1 ? argv[1] : std::getenv("MSGBOX_URL"));

	box.put("hello");
	std::cout << box.take() << '\n';
	return EXIT_SUCCESS;
} catch (const std::exception &error) {
	std::cerr << "hello: " << error.what() << '\n';
	return EXIT_FAILURE;
}
