// What the JavaScript checks of both brokers share: the sandbox's control port, codes, and
// expectations. The sandbox's summary line is the program's argument.
"use strict";

const assert = require("node:assert/strict");
const crypto = require("node:crypto");

const summary = JSON.parse(process.argv[2]);
const ELSEWHERE = ["203.0.113.7"];

/** One call of the control port: GET without a body, else POST. */
async function control(path, body, method = body === undefined ? "GET" : "POST") {
    const options = body === undefined ? { method } : { method, body: JSON.stringify(body) };
    return (await fetch(summary.control_url + path, options)).json();
}

/** Switches that hold while `work` is done and go back after it. */
async function withRules(wanted, work) {
    const all = await control("/rules");
    const before = Object.fromEntries(Object.keys(wanted).map((name) => [name, all[name]]));
    await control("/rules", wanted);
    try {
        return await work();
    } finally {
        await control("/rules", before);
    }
}

/** Fields of an account that hold while `work` is done and go back after it. */
async function withFields(account, before, wanted, work) {
    await control(`/accounts/${account}`, wanted, "PATCH");
    try {
        return await work();
    } finally {
        await control(`/accounts/${account}`, before, "PATCH");
    }
}

/** The account's registered addresses while `work` is done. */
async function withAddresses(account, own, addresses, work) {
    const path = `/accounts/${account}/allowed-ips`;
    await control(path, addresses);
    try {
        return await work(path);
    } finally {
        await control(path, own);
    }
}

/** What the account's authenticator shows at exchange time. */
async function code(account) {
    const { now } = await control("/clock");
    const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    const bits = [...account.totp_secret].map((c) => letters.indexOf(c).toString(2).padStart(5, "0"));
    const bytes = bits.join("").match(/.{8}/g).map((byte) => parseInt(byte, 2));
    const counter = Buffer.alloc(8);
    counter.writeBigUInt64BE(BigInt(Math.floor(Date.parse(now) / 30000)));
    const hash = crypto.createHmac("sha1", Buffer.from(bytes)).update(counter).digest();
    const number = hash.readUInt32BE(hash[19] & 15) & 0x7fffffff;
    return String(number % 1000000).padStart(6, "0");
}

async function wrongCode(account) {
    return (await code(account)) === "000000" ? "111111" : "000000";
}

/** Asks again until the sandbox's order has had its few hundred milliseconds. */
async function eventually(look) {
    for (let tries = 0; tries < 100; tries += 1) {
        const found = await look();
        if (found) return found;
        await new Promise((done) => setTimeout(done, 50));
    }
    throw new Error("never came true");
}

/** Moves the clock on, so that one check's calls do not count against the next one's. */
async function anotherSecond() {
    const { now } = await control("/clock");
    await control("/clock", { now: new Date(Date.parse(now) + 1000).toISOString() });
}

/** What the call rejects with. */
async function refusal(call) {
    let value;
    try {
        value = await call();
    } catch (error) {
        return error;
    }
    throw new Error(`not refused: ${JSON.stringify(value)}`);
}

function expectKeys(row, names) {
    assert.deepEqual(names.split(/\s+/).filter((name) => !(name in row)), [], "keys that are missing");
}

/** The orders with that tag as the broker really has them. */
async function truth(tag) {
    return (await control("/orders")).filter((order) => order.tag === tag);
}

module.exports = {
    ELSEWHERE, anotherSecond, code, control, eventually, expectKeys, refusal, summary, truth,
    withAddresses, withFields, withRules, wrongCode,
};
