"""`muster host` as an operator meets it: start, answers over HTTP, refusals, stop."""

import http.client
import json
import socket

from conftest import run_muster


def get(server, path):
    connection = http.client.HTTPConnection(server.host, server.port, timeout=5)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()


def test_health_is_200_with_a_short_body(server):
    status, body = get(server, "/health")
    assert status == 200
    assert 0 < len(body) <= 1024


def test_an_unknown_path_is_404(server):
    assert get(server, "/no-such-path")[0] == 404


def test_sigterm_exits_with_0(start_server):
    assert start_server().stop() == 0


def test_sigterms_until_the_exit_change_nothing(start_server):
    server = start_server()
    while server.process.poll() is None:
        server.process.terminate()
    assert server.process.returncode == 0, "".join(server.output)


def test_sigterm_ends_an_idle_connection(start_server):
    server = start_server()
    with socket.create_connection((server.host, server.port), timeout=10) as idle:
        assert server.stop() == 0
        try:
            assert idle.recv(1) == b""
        except ConnectionResetError:
            pass


def test_a_port_in_use_is_one_clear_line_and_exit_code_1(server, tmp_path):
    second = run_muster("host", "--listen", f"{server.host}:{server.port}", cwd=tmp_path)
    assert second.returncode == 1
    lines = second.stderr.strip().splitlines()
    assert len(lines) == 1 and str(server.port) in lines[0], second.stderr


def test_an_unknown_key_of_the_file_is_refused_by_name(tmp_path):
    (tmp_path / "muster.json").write_text('{"noSuchKey": 17}')
    refused = run_muster("host", "--listen", "127.0.0.1:0", cwd=tmp_path)
    assert refused.returncode == 2
    assert "noSuchKey" in refused.stderr


def test_a_bad_value_of_the_environment_is_refused_with_key_and_value(tmp_path):
    refused = run_muster("host", cwd=tmp_path, MUSTER_LISTEN="not an address")
    assert refused.returncode == 2
    assert "listen" in refused.stderr.lower() and "not an address" in refused.stderr


def test_print_config_prints_the_result_as_json_with_flags_above_the_environment(tmp_path):
    shown = run_muster(
        "host", "--listen", "127.0.0.1:4001", "--print-config", cwd=tmp_path, MUSTER_LISTEN="127.0.0.1:4002"
    )
    assert shown.returncode == 0, shown.stderr
    assert isinstance(json.loads(shown.stdout), dict)
    assert "127.0.0.1:4001" in shown.stdout and "127.0.0.1:4002" not in shown.stdout
