// SPDX-License-Identifier: BSD-2-Clause
// The rows of one query, loaded by cursor as far as they are needed. A page of the daemon can be
// short or empty and still have a next one. Knows nothing of the table.

/** Of one call; the most that the daemon gives. */
export const CALL_ROWS = 200;

/** The rows of one query. */
export class KeyPages {
    #list;
    #whole;
    #next = "";
    #begun = false;
    #turn = Promise.resolve();

    /** The rows so far, in their order. */
    rows = [];

    /**
     * @param {function} list called with {after, limit}, resolves to [rows, next]
     * @param {boolean} whole each call takes the daemon as long, however few rows are wanted
     */
    constructor(list, whole = false) {
        this.#list = list;
        this.#whole = whole;
    }

    /** Whether there is nothing left to load. */
    get complete() {
        return this.#begun && this.#next === "";
    }

    /** Loads until there are count rows, or no more. One call waits for the other. */
    upTo(count) {
        const turn = this.#turn.then(() => this.#load(count));

        this.#turn = turn.catch(() => {
            // The caller of this turn has the error. The next one tries again.
        });
        return turn;
    }

    async #load(count) {
        while (!this.complete && this.rows.length < count) {
            const wanted = this.#whole ? CALL_ROWS : Math.min(CALL_ROWS, count - this.rows.length);
            const [rows, next] = await this.#list({ after: this.#next || undefined, limit: wanted });

            this.#begun = true;
            this.rows = this.rows.concat(rows);
            this.#next = next;
        }
        return this.rows;
    }
}
