// The brokers' official JavaScript clients against the sandbox, which does not know that they are
// not the Python ones. Given the sandbox's summary line as its argument. Each check says what a
// person trading with that client would see.
"use strict";

const { anotherSecond } = require("./common.js");
const brokers = { Angel: require("./angel_one.js"), Kite: require("./zerodha.js") };

async function main() {
    let [passed, failed] = [0, 0];
    for (const [broker, checks] of Object.entries(brokers)) {
        for (const [name, check] of Object.entries(checks)) {
            await anotherSecond();
            try {
                await check();
                passed += 1;
                console.log(`ok   ${broker} in JavaScript: ${name}`);
            } catch (error) {
                failed += 1;
                const why = error.message ?? JSON.stringify(error);
                console.log(`FAIL ${broker} in JavaScript: ${name}: ${why}`);
            }
        }
    }
    console.log(`${passed} passed, ${failed} failed`);
    process.exit(failed ? 1 : 0);
}

main();
