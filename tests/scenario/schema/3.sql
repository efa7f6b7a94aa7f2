-- The store of a daemon with schema 3, made by make.sh. It never changes.
-- pepper 405667a57e1ee2e562b90e61e4d6a9d95cde4ba3478d137a88fc92bfeb7cf406
-- accepted root wfk_Wq0GkGnH3T_Ff3IL1QKy5yV5LSjVkBeMtgi2CczqfrGSIMAZ9YHTL4VW3gE
-- refused daemon wfk_Wq0GkGnH3T_Ff3IL1QKy5yV5LSjVkBeMtgi2CczqfrGSIMAZ9YHTL4VW3gE
-- accepted root wfk_OpttMUnun1_BrBaE2hRHilbeU50ORJDVN86vPJws8HzpNUGGO6KQT0Z9EP2 --service=sshd --rhost=192.0.2.7
-- accepted root wfk_OpttMUnun1_BrBaE2hRHilbeU50ORJDVN86vPJws8HzpNUGGO6KQT0Z9EP2 --service=Imap --rhost=2001:db8::7
-- refused root wfk_OpttMUnun1_BrBaE2hRHilbeU50ORJDVN86vPJws8HzpNUGGO6KQT0Z9EP2 --service=ftp --rhost=192.0.2.7
-- refused root wfk_OpttMUnun1_BrBaE2hRHilbeU50ORJDVN86vPJws8HzpNUGGO6KQT0Z9EP2 --service=sshd --rhost=192.0.3.7
-- refused root wfk_OpttMUnun1_BrBaE2hRHilbeU50ORJDVN86vPJws8HzpNUGGO6KQT0Z9EP2 --service=sshd
-- refused daemon wfk_Y0wkc4YXu4_WvksD8qUQtOpph2s1ZuCYXGyc8aynzhzH1AahytNnX1tbUMf
-- refused daemon wfk_Ses9wS9J8X_GQDoolLtS6rEZRVyvbj0vCnKvaMWiGL6n2y8YVchwT0qccXc
-- refused bin wfk_99hJK7WCPu_5BquUd3fWkn2u5GZPmysjiDYYjo6XulP4GEhQFV7uP1FYLYi
-- accepted bin wfk_99hJK7WCPu_4nc42UQvcUqnxeIzEdM1G4nfNIAUT742dfBUSrgUOU4SGyvw
-- accepted bin wfk_wfPYGZt8Rn_nWcDfr00xfjW9X2gqzqb4iY9ajCNlFGEMvmgbLz4xI1nWtd8
-- refused root wfk_dnzB1wakEp_5qdrLZ5h0779mcKnxrYTVgu3mce22cwLp3hciBpRH42kt5h5
PRAGMA application_id = 1464224561;
PRAGMA user_version = 3;
PRAGMA foreign_keys=OFF;
BEGIN TRANSACTION;
CREATE TABLE pepper (  id INTEGER PRIMARY KEY,  created_at INTEGER NOT NULL DEFAULT (unixepoch())) STRICT;
INSERT INTO pepper VALUES(805156181,1795933081);
CREATE TABLE policy (  name TEXT PRIMARY KEY,  value INTEGER NOT NULL,  changed_at INTEGER NOT NULL) STRICT, WITHOUT ROWID;
INSERT INTO policy VALUES('enabled',1,1795933081);
INSERT INTO policy VALUES('lapsed',1793341081,1795933081);
INSERT INTO policy VALUES('lifetime',0,1795933081);
INSERT INTO policy VALUES('max-keys-per-user',100,1795933081);
CREATE TABLE key (  id TEXT PRIMARY KEY CHECK (length(id) = 10),  digest BLOB NOT NULL CHECK (length(digest) = 32),  pepper INTEGER NOT NULL REFERENCES pepper (id),  owner TEXT NOT NULL CHECK (owner <> ''),  owner_uid INTEGER NOT NULL,  name TEXT NOT NULL,  services TEXT NOT NULL,  networks TEXT NOT NULL,  status INTEGER NOT NULL CHECK (status IN (0, 1)),  reason TEXT NOT NULL,  created_at INTEGER NOT NULL,  updated_at INTEGER NOT NULL,  expires_at INTEGER NOT NULL,  bound_at INTEGER NOT NULL, linked TEXT NOT NULL DEFAULT '', origin TEXT NOT NULL DEFAULT '', predecessor TEXT NOT NULL DEFAULT '', successor TEXT NOT NULL DEFAULT '', retires_at INTEGER NOT NULL DEFAULT 0, epoch INTEGER NOT NULL DEFAULT 0, dead_at INTEGER NOT NULL DEFAULT 0, ends_at INTEGER AS (min(  CASE WHEN expires_at > 0 THEN expires_at ELSE 9223372036854775807 END,  CASE WHEN bound_at > 0 THEN bound_at ELSE 9223372036854775807 END,  CASE WHEN retires_at > 0 THEN retires_at ELSE 9223372036854775807 END)) VIRTUAL) STRICT, WITHOUT ROWID;
INSERT INTO "key" VALUES('99hJK7WCPu',X'e1199be9ca0c6227727ff963bb59e1c21597f9b21d62868b10e82b33197b1bd9',805156181,'bin',2,'key','','',0,'',1795933081,1795933081,0,0,'','','','',0,0,0);
INSERT INTO "key" VALUES('CG653R2wtY',X'830f9de4dd964223756c3ae38798a91a139d459f0d9a47ae7747d9c260d31dc9',805156181,'bin',2,'first-use','','',0,'',1795933081,1795933081,0,0,'','','','',0,0,0);
INSERT INTO "key" VALUES('MXdxyMoE4U',X'bd43ed0d1102ba269af0ff64ac77571931e6c56fdedd6f95b559c94f871ec467',805156181,'bin',2,'overlap','','',0,'',1795933081,1795933081,0,0,'','','','',0,0,0);
INSERT INTO "key" VALUES('OpttMUnun1',X'd3a1d2398a4d06b9012a1aef5114b2fd9ec4792153d98990fa32283998c505b6',805156181,'root',0,'backup job','sshd Imap','192.0.2.0/24 2001:db8::/32',0,'',1795933081,1795933081,4102444800,0,'','','','',0,0,0);
INSERT INTO "key" VALUES('RE4lOToqSI',X'26ccf1da61a2ef1c6c2ecdc9ef007cc07c71f5cdf44b835d692de62578ae0061',805156181,'leaver',64321,'key','','',0,'',1795933081,1795933081,0,0,'','','','',0,0,0);
INSERT INTO "key" VALUES('Wq0GkGnH3T',X'e976ba50207c1917ed4acd0671e324f9a153b6cb353f603403f0c17f3a1b1896',805156181,'root',0,'plain','','',0,'',1795933081,1795933081,0,0,'','','','',0,0,0);
INSERT INTO "key" VALUES('Y0wkc4YXu4',X'2abb95b9f91788996623c2ad46f075751627970f746d7c6cdfef4b6bd7a51e87',805156181,'daemon',1,'key','','',1,'stolen, it is said',1795933081,1795933081,0,0,'','','','',0,0,1795933081);
INSERT INTO "key" VALUES('dnzB1wakEp',X'5b16718bd0a931bedcf9fd21fdc346d62687f01cc8e888658ebeb64d70718ca7',805156181,'root',0,'key','','',0,'',1795933081,1795933081,1795933082,0,'','','','',0,0,1795933082);
INSERT INTO "key" VALUES('eKhNfYUrAj',X'7939785f4c1c5e563acc775a534f8eed73277e1cbf7d8910bb874dfffe3f5522',805156181,'root',0,'key','','',0,'',1795933081,1795933081,0,0,'','','','',0,0,0);
INSERT INTO "key" VALUES('wfPYGZt8Rn',X'c54b077264c9b6aeb7575bde0567a9bea579ec5cb161c5aeb9484c0984a32217',805156181,'bin',2,'another name','','',0,'',1795933081,1795933081,0,0,'','','','',0,0,0);
CREATE TABLE key_use (  id TEXT PRIMARY KEY REFERENCES key (id) ON DELETE CASCADE,  last_at INTEGER NOT NULL,  service TEXT NOT NULL,  rhost TEXT NOT NULL,  uses INTEGER NOT NULL) STRICT, WITHOUT ROWID;
INSERT INTO key_use VALUES('99hJK7WCPu',1795933081,'wfapikeyctl','',1);
INSERT INTO key_use VALUES('OpttMUnun1',1795933081,'Imap','2001:db8::7',2);
INSERT INTO key_use VALUES('RE4lOToqSI',1795933090,'wfapikeyctl','',100);
INSERT INTO key_use VALUES('Wq0GkGnH3T',1795933081,'wfapikeyctl','',1);
INSERT INTO key_use VALUES('wfPYGZt8Rn',1795933081,'wfapikeyctl','',1);
CREATE TABLE account (  name TEXT PRIMARY KEY CHECK (name <> ''),  state INTEGER NOT NULL CHECK (state IN (1, 2)),  uid INTEGER NOT NULL,  local INTEGER NOT NULL,  admin INTEGER NOT NULL,  locked INTEGER NOT NULL,  password_ends_at INTEGER NOT NULL,  closes_at INTEGER NOT NULL,  gone_since INTEGER NOT NULL,  checked_at INTEGER NOT NULL) STRICT, WITHOUT ROWID;
INSERT INTO account VALUES('bin',1,2,1,0,0,0,0,0,1795933081);
INSERT INTO account VALUES('daemon',1,1,1,0,0,0,0,0,1795933081);
INSERT INTO account VALUES('leaver',1,64321,0,0,0,0,0,0,0);
INSERT INTO account VALUES('root',1,0,1,1,0,0,0,0,1795933081);
CREATE INDEX key_owner ON key (owner);
CREATE INDEX key_ends ON key (ends_at) WHERE dead_at = 0;
CREATE INDEX key_made ON key (created_at) WHERE dead_at = 0 AND expires_at = 0;
CREATE INDEX key_dead ON key (dead_at) WHERE dead_at <> 0;
CREATE INDEX key_epoch ON key (epoch);
CREATE INDEX key_linked ON key (linked) WHERE linked <> '';
CREATE INDEX account_uid ON account (uid);
CREATE INDEX account_password ON account (password_ends_at) WHERE password_ends_at <> 0;
COMMIT;
