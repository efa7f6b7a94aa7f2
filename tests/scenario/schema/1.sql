-- The store of schema 2 without what schema 1 did not have. No version had schema 1 alone.
-- pepper a6a65a01263c2a3ac2aecd565fcda6d9d70ed417b18af516d86d683bbc0e2c54
-- accepted root wfk_YTw7FLS26Z_zciwJ6cGEoTPSNOFq13bc5XhrFYbVtFLEtrbbnVnY90uK6az
-- refused daemon wfk_YTw7FLS26Z_zciwJ6cGEoTPSNOFq13bc5XhrFYbVtFLEtrbbnVnY90uK6az
-- accepted root wfk_gOcjb34aV5_s0ZRTiWGNh5WKROSBSJKaDIdgf5G6eUP2ajXMbS4VX0KXj3F --service=sshd --rhost=192.0.2.7
-- accepted root wfk_gOcjb34aV5_s0ZRTiWGNh5WKROSBSJKaDIdgf5G6eUP2ajXMbS4VX0KXj3F --service=Imap --rhost=2001:db8::7
-- refused root wfk_gOcjb34aV5_s0ZRTiWGNh5WKROSBSJKaDIdgf5G6eUP2ajXMbS4VX0KXj3F --service=ftp --rhost=192.0.2.7
-- refused root wfk_gOcjb34aV5_s0ZRTiWGNh5WKROSBSJKaDIdgf5G6eUP2ajXMbS4VX0KXj3F --service=sshd --rhost=192.0.3.7
-- refused root wfk_gOcjb34aV5_s0ZRTiWGNh5WKROSBSJKaDIdgf5G6eUP2ajXMbS4VX0KXj3F --service=sshd
-- refused daemon wfk_oEYusVbLLG_MsTGLbturFI8ICuqzS5ejSrsv1czUqebjbQTZ42M9b2t7ukY
-- refused daemon wfk_0T9aJq1WFW_WT4yP4R20ox2JdlhE6SyoWPUnM96Z8g2KaVjvgvVjQ0senyt
-- refused bin wfk_sVFzNyOt3y_sOQ8YPO6tkv7srRsM0TYpXGDXv1xrQhvBxdoLK0lv70CyDzk
-- accepted bin wfk_sVFzNyOt3y_VUQFKi9VF333T55pbw1HNrqc8vNNVvvkWaLopbFZla0RRWXW
-- accepted bin wfk_O6ciedsLNk_LZ1JneXk5AGecVQiGu8glq3hYQ66K4GVvTlgYuMrfE2ARWzx
-- refused root wfk_wCmMxlt8Zx_ZiGcj54tF6wNv7Irjf7lGCuynQNkGjP83KRaKwaopm3B61LC
PRAGMA application_id = 1464224561;
PRAGMA user_version = 1;
PRAGMA foreign_keys=OFF;
BEGIN TRANSACTION;
CREATE TABLE pepper (  id INTEGER PRIMARY KEY,  created_at INTEGER NOT NULL DEFAULT (unixepoch())) STRICT;
INSERT INTO pepper VALUES(2538224931,1795933060);
CREATE TABLE policy (  name TEXT PRIMARY KEY,  value INTEGER NOT NULL,  changed_at INTEGER NOT NULL) STRICT, WITHOUT ROWID;
INSERT INTO policy VALUES('enabled',1,1795933060);
INSERT INTO policy VALUES('lifetime',0,1795933060);
INSERT INTO policy VALUES('max-keys-per-user',100,1795933060);
CREATE TABLE key (  id TEXT PRIMARY KEY CHECK (length(id) = 10),  digest BLOB NOT NULL CHECK (length(digest) = 32),  pepper INTEGER NOT NULL REFERENCES pepper (id),  owner TEXT NOT NULL CHECK (owner <> ''),  owner_uid INTEGER NOT NULL,  name TEXT NOT NULL,  services TEXT NOT NULL,  networks TEXT NOT NULL,  status INTEGER NOT NULL CHECK (status IN (0, 1)),  reason TEXT NOT NULL,  created_at INTEGER NOT NULL,  updated_at INTEGER NOT NULL,  expires_at INTEGER NOT NULL,  bound_at INTEGER NOT NULL) STRICT, WITHOUT ROWID;
INSERT INTO "key" VALUES('FapE0grwrj',X'ef779493dab739c6eab833650cac7c46769d323989ac611f0f23910b4cc41d94',2538224931,'bin',2,'first-use','','',0,'',1795933060,1795933060,0,0);
INSERT INTO "key" VALUES('FxeWG7gJRk',X'f35f37802baf8f504329489305aa2830115c028db18925175de9ddcb31984180',2538224931,'bin',2,'overlap','','',0,'',1795933060,1795933060,0,0);
INSERT INTO "key" VALUES('N616zdklKd',X'2094b74168521db6b65901020eb12d2c85c7b28ee061b30f26ced3e6d986f83e',2538224931,'root',0,'key','','',0,'',1795933060,1795933060,0,0);
INSERT INTO "key" VALUES('O6ciedsLNk',X'534e31169194ec58fa130a204521a00279977681efadce7285895eed21e0b955',2538224931,'bin',2,'another name','','',0,'',1795933060,1795933060,0,0);
INSERT INTO "key" VALUES('YTw7FLS26Z',X'7b74e30582845486352ecd9d27b0a2d333910d2d14ba8cf1de94f361343e1392',2538224931,'root',0,'plain','','',0,'',1795933060,1795933060,0,0);
INSERT INTO "key" VALUES('gOcjb34aV5',X'78a827142c5a290218d9123ab017321a9956d75eaeafe6714c4b3769930af833',2538224931,'root',0,'backup job','sshd Imap','192.0.2.0/24 2001:db8::/32',0,'',1795933060,1795933060,4102444800,0);
INSERT INTO "key" VALUES('oEYusVbLLG',X'b28101fa6b877f8b09cfd84c759e7f624bf94f9e3184048f24219d29618484b1',2538224931,'daemon',1,'key','','',1,'stolen, it is said',1795933060,1795933060,0,0);
INSERT INTO "key" VALUES('sVFzNyOt3y',X'1c6ed72ee38c251a19148f55bc92cd3a688707635a980b8b21c877fc10b61aea',2538224931,'bin',2,'key','','',0,'',1795933060,1795933060,0,0);
INSERT INTO "key" VALUES('wCmMxlt8Zx',X'e26cc710a29e3c4c14a4643d4a978b3f2efe4f0cd135808d1863d6cd90ebeb81',2538224931,'root',0,'key','','',0,'',1795933060,1795933060,1795933061,0);
INSERT INTO "key" VALUES('zCg7pffHka',X'714812d823f9e12893971def8bc3d66169df8d8eda658ec9e63931934cceb2fc',2538224931,'leaver',64321,'key','','',0,'',1795933060,1795933060,0,0);
CREATE INDEX key_owner ON key (owner);
COMMIT;
