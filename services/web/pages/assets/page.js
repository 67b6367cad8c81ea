// What every page does: it counts times, and stays live.

import { draw } from "./charts.js";
import * as clock from "./clock.js";
import { follow } from "./fleet.js";
import { keep } from "./live.js";

clock.tell(Number(document.documentElement.dataset.now));
clock.count();
setInterval(clock.count, 1000);
follow();
draw();
keep();
