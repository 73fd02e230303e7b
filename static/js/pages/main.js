/** What the forms and lists gain by script. Every page works without. */

import {confirmForms} from './confirm.js';
import {copyButtons} from './copy.js';
import {busyForms, guardForms, offerWhenChanged} from './forms.js';
import {liveJobs} from './jobs.js';
import {matchTickets} from './policy.js';
import {previewInbox} from './preview.js';
import {pushSwitch} from './push.js';
import {revealButtons} from './reveal.js';
import {growingRows} from './rows.js';
import {localTimes} from './times.js';

localTimes(document);
revealButtons(document);
copyButtons(document);
growingRows(document);
offerWhenChanged(document);
confirmForms(document);
guardForms(document);
busyForms(document);
previewInbox(document);
matchTickets(document);
void liveJobs(document);
void pushSwitch(document);

/** @type {HTMLElement | null} */ (document.querySelector('[data-focus]'))?.focus();
