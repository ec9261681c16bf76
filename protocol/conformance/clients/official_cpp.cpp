// The official client for C++ against muster-conformance: official_cpp http://127.0.0.1:PORT. See ../socketio.md.
// It sends bytes and takes none, from whatever server of Socket.IO 4 (socketio/socket.io-client-cpp#299).

#include <sio_client.h>

#include <condition_variable>
#include <cstdlib>
#include <deque>
#include <iostream>
#include <mutex>
#include <stdexcept>

using sio::message;

static int failures = 0;

static void expect(const std::string& rule, bool holds) {
    if (!holds) failures += 1;
    std::cout << (holds ? "ok    " : "FAIL  ") << rule << std::endl;
}

// What the client's own thread has told.
template <typename Value> class Told {
public:
    void put(Value value) {
        std::lock_guard<std::mutex> guard(lock);
        values.push_back(std::move(value));
        changed.notify_one();
    }
    Value take() {
        std::unique_lock<std::mutex> guard(lock);
        if (!changed.wait_for(guard, std::chrono::seconds(10), [this] { return !values.empty(); }))
            throw std::runtime_error("nothing came in ten seconds");
        Value value = values.front();
        values.pop_front();
        return value;
    }

private:
    std::mutex lock;
    std::condition_variable changed;
    std::deque<Value> values;
};

static message::list ask(const sio::socket::ptr& socket, const std::string& event, const message::list& values = nullptr) {
    auto answer = std::make_shared<Told<message::list>>();
    socket->emit(event, values, [answer](const message::list& given) { answer->put(given); });
    return answer->take();
}

static void hear(const sio::socket::ptr& socket, const std::string& event, Told<message::list>& told) {
    socket->on(event, [&told](sio::event& heard) { told.put(heard.get_messages()); });
}

static std::string text(const message::ptr& value) { return value ? value->get_string() : ""; }

static void open(sio::client& client, const std::string& url, Told<std::string>& opened) {
    client.set_logs_quiet();
    client.set_socket_open_listener([&opened](const std::string& path) { opened.put(path); });
    client.connect(url);
    opened.take();
}

int main(int count, char** arguments) {
    if (count != 2) return 2;
    const std::string url = arguments[1], bytes("\0\xff\x07", 3);
    Told<std::string> opened_ann, opened_bob;
    Told<message::list> echo, said, answered, told, refused;
    sio::client a, b;
    open(a, url, opened_ann);
    open(b, url, opened_bob);
    auto ann = a.socket(), bob = b.socket();

    hear(ann, "echo", echo);
    message::list values(sio::int_message::create(1));
    values.push(sio::string_message::create("\xc3\xa9"));
    values.push(sio::bool_message::create(true));
    ann->emit("echo", values);
    auto back = echo.take();
    expect("events both ways", back[0]->get_int() == 1 && text(back[1]) == "\xc3\xa9" && back[2]->get_bool());
    auto nested = sio::object_message::create();
    nested->get_map()["a"] = sio::double_message::create(1.5);
    auto acked = ask(ann, "echo-ack", nested);
    expect("an object in an ack", acked[0]->get_map()["a"]->get_double() == 1.5);

    message::list two(sio::binary_message::create(std::make_shared<const std::string>(bytes)));
    two.push(sio::binary_message::create(std::make_shared<const std::string>(300'000, 'x')));
    auto info = ask(ann, "binary-info", two)[0]->get_map();
    expect("attachments", info["count"]->get_int() == 2 && info["bytes"]->get_int() == 300'003);

    bob->on("question", [](sio::event& event) {
        event.put_ack_message(sio::int_message::create(event.get_message()->get_int() + 1));
    });
    hear(bob, "answered", answered);
    bob->emit("server-ack", sio::int_message::create(41));
    expect("acks of the client", answered.take()[0]->get_int() == 42);

    ask(ann, "join-room", std::string("red"));
    ask(bob, "join-room", std::string("red"));
    hear(bob, "room-said", said);
    message::list saying(std::string("red"));
    saying.push(sio::string_message::create("hello"));
    ann->emit("say-room", saying);
    expect("a room", text(said.take()[2]) == "hello");
    hear(ann, "broadcasted", told);
    bob->emit("broadcast", std::string("all"));
    expect("a broadcast", text(told.take()[1]) == "all");

    auto dynamic = a.socket("/dyn-5");
    opened_ann.take();
    auto who = ask(dynamic, "whoami")[0]->get_map();
    expect("a dynamic namespace", text(who["ns"]) == "/dyn-5" && text(who["transport"]) == "websocket");
    auto nowhere = a.socket("/nowhere");
    Told<std::string> error;
    nowhere->on_error([&error](const message::ptr& what) { error.put(text(what->get_map()["message"])); });
    expect("refused at /nowhere", error.take() == "Invalid namespace");

    // The client shows one auth for all its namespaces.
    sio::client c;
    Told<std::string> opened_cid;
    c.set_logs_quiet();
    c.set_socket_open_listener([&opened_cid](const std::string& path) { opened_cid.put(path); });
    auto token = sio::object_message::create();
    token->get_map()["token"] = sio::string_message::create("sesame");
    c.connect(url, token);
    opened_cid.take();
    c.socket("/guarded");
    expect("let in with auth", opened_cid.take() == "/guarded");

    Told<int> closed;
    b.set_reconnect_attempts(0);
    b.set_close_listener([&closed](const sio::client::close_reason&) { closed.put(0); });
    bob->emit("kick", sio::bool_message::create(true));
    expect("thrown out", closed.take() == 0);
    for (auto client : {&a, &b, &c}) client->sync_close();
    return failures == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
