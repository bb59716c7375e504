// What is asked how often, and who shows it.

import * as chart from "./chart.js";
import * as devices from "./devices.js";
import { byId, fill } from "./draw.js";
import { json, lines, poll, start } from "./feed.js";
import * as health from "./health.js";
import * as traffic from "./traffic.js";
import { count } from "./words.js";

poll(3, "status", json, health.showStatus);
poll(3, "devices", json, devices.show);
poll(15, "history", json, (history) => {
  chart.show(history);
  fill(byId("tiles"), { hour: count(chart.blockedSince(3600)) });
});
poll(10, traffic.hostsPath, json, traffic.showHosts);
const askFlows = poll(3, traffic.flowsPath, json, traffic.showFlows);
const askEvents = poll(3, traffic.eventsPath, lines, traffic.showEvents);
poll(30, "lists", lines, health.showLists);

chart.listen();
devices.listen((device) => {
  traffic.choose(device);
  askFlows();
});
traffic.listen(askFlows, askEvents);
start(health.showAway);
