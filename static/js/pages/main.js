/** What the forms and lists gain by script. Every page works without. */

import {tickAll} from './all.js';
import {awaitAnswers} from './awaited.js';
import {readableCharts} from './charts.js';
import {confirmForms} from './confirm.js';
import {copyButtons} from './copy.js';
import {dropDowns} from './drops.js';
import {busyForms, guardForms, offerWhenChanged} from './forms.js';
import {liveJobs} from './jobs.js';
import {narrowMenus} from './menu.js';
import {listMistakes} from './mistakes.js';
import {matchTickets} from './policy.js';
import {previewInbox} from './preview.js';
import {pushSwitch} from './push.js';
import {revealButtons} from './reveal.js';
import {growingRows} from './rows.js';
import {localTimes, ownZone} from './times.js';

narrowMenus(document);
localTimes(document);
ownZone(document);
revealButtons(document);
copyButtons(document);
growingRows(document);
offerWhenChanged(document);
confirmForms(document);
guardForms(document);
busyForms(document);
listMistakes(document);
previewInbox(document);
matchTickets(document);
readableCharts(document);
dropDowns(document);
awaitAnswers(document);
tickAll(document);
void liveJobs(document);
void pushSwitch(document);

/** @type {HTMLElement | null} */ (document.querySelector('[data-focus]'))?.focus();
