//! The same requests by other means: wrk, and the broker's own Python client on 32 threads. Each is left
//! out where it is not installed.

use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::Context;
use musterd::domain::flight::MAX_IN_FLIGHT;

use super::fleet::{Member, Place};
use super::say;

/// How long wrk sends, in seconds.
const WRK_SECONDS: u32 = 5;
/// How many orders the Python client places at most: it is slow.
const MOST_PYTHON: usize = 1_500;

/// Requests a second by wrk: the same requests, with as many connections as the daemon has calls under way.
pub(super) fn wrk(place: &Place, fleet: &[Member], root: &str) -> anyhow::Result<Option<f64>> {
    if Command::new("wrk").arg("-v").stdout(Stdio::null()).stderr(Stdio::null()).status().is_err() {
        say("wrk is not installed: left out");
        return Ok(None);
    }
    let lines = fleet.iter().map(|member| format!("{}:{}\n", member.api_key, member.token));
    let auth = lines.collect::<Vec<_>>().concat();
    let (auths, script) = (place.folder.join("wrk.txt"), place.folder.join("wrk.lua"));
    std::fs::write(&auths, auth)?;
    let lua = LUA.replace("AUTHS", &auths.display().to_string());
    std::fs::write(&script, lua.replace("VERSION", env!("CARGO_PKG_VERSION")))?;
    let run = Command::new("wrk")
        .args(["-t2", &format!("-c{MAX_IN_FLIGHT}"), &format!("-d{WRK_SECONDS}s"), "-s"])
        .arg(&script)
        .arg(root)
        .output()
        .context("run wrk")?;
    let text = String::from_utf8_lossy(&run.stdout);
    if text.contains("Non-2xx") {
        say(&format!("wrk was refused:\n{text}"));
        return Ok(None);
    }
    let rate = text.lines().find_map(|line| line.strip_prefix("Requests/sec:"));
    Ok(rate.and_then(|rate| rate.trim().parse().ok()))
}

const LUA: &str = r#"
local auths = {}
for line in io.lines("AUTHS") do auths[#auths + 1] = line end
local threads = 0
function setup(thread) thread:set("first", threads); threads = threads + 1 end
local count = 0
function request()
  count = count + 1
  local at = (count * 2 + first) % #auths + 1
  local headers = {
    ["accept"] = "application/json, text/csv, text/plain",
    ["accept-encoding"] = "gzip",
    ["authorization"] = "token " .. auths[at],
    ["content-type"] = "application/x-www-form-urlencoded",
    ["user-agent"] = "muster/VERSION",
    ["x-kite-version"] = "3",
  }
  local body = "exchange=NSE&tradingsymbol=SBIN&transaction_type=BUY&order_type=LIMIT&quantity=1"
    .. "&product=CNC&validity=DAY&price=900.00&tag=WRK" .. first .. string.format("%010d", count)
  return wrk.format("POST", "/orders/regular", headers, body)
end
"#;

/// Orders a second by the broker's own Python client.
pub(super) fn python(
    place: &Place,
    fleet: &[Member],
    (python, root): (&Path, &str),
) -> anyhow::Result<Option<f64>> {
    let known = Command::new(python)
        .args(["-c", "import kiteconnect"])
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success());
    if !known {
        say("the Python client is not installed (tests/sdk/run makes it): left out");
        return Ok(None);
    }
    let some: Vec<&Member> = fleet.iter().take(MOST_PYTHON).collect();
    let file = place.folder.join("python.json");
    std::fs::write(&file, serde_json::to_vec(&some)?)?;
    let run = Command::new(python)
        .args(["-c", PYTHON])
        .arg(&file)
        .arg(root)
        .env("REQUESTS_CA_BUNDLE", place.certificates())
        .output()
        .context("run the Python client")?;
    let text = String::from_utf8_lossy(&run.stdout);
    let rate = text.lines().last().and_then(|line| line.parse().ok());
    if rate.is_none() {
        say(&format!("the Python client failed: {}", String::from_utf8_lossy(&run.stderr)));
    }
    Ok(rate)
}

const PYTHON: &str = r#"
import concurrent.futures, json, sys, time
import kiteconnect
members, root = json.load(open(sys.argv[1])), sys.argv[2]
clients = [kiteconnect.KiteConnect(m["api_key"], access_token=m["token"], root=root) for m in members]
def place(at):
    clients[at].place_order("regular", "NSE", "SBIN", "BUY", 1, "CNC", "LIMIT", price=900.0,
                            validity="DAY", tag="PY%010d" % at)
began = time.monotonic()
with concurrent.futures.ThreadPoolExecutor(32) as pool:
    for done in pool.map(place, range(len(clients))):
        pass
print(len(clients) / (time.monotonic() - began))
"#;
