-- The store of a daemon with schema 5, made by make.sh. It never changes.
-- pepper fcbb46ada2d847bf83c29a1bc06eaf5113a53ae97d6b24162fcfbd4d95103a82
-- refused root wfk_KqQr8wYl6m_1iHfNE3EOYBCes5xkThBELO0NAWb3SFHP98veSQf6j4Icnth
-- accepted root wfk_vYqdGPkfDU_xMZhxn8jdvVVnixJLCEaMFzH9h6sn5j7Az5y1g5HAz1STak2
-- refused daemon wfk_vYqdGPkfDU_xMZhxn8jdvVVnixJLCEaMFzH9h6sn5j7Az5y1g5HAz1STak2
-- accepted root wfk_JKg57kudyo_Cqvc3kscnQfdVEHJSm1gyH5ti6FWtWdC6GhaMOIBtE0YDmSs --service=sshd --rhost=192.0.2.7
-- accepted root wfk_JKg57kudyo_Cqvc3kscnQfdVEHJSm1gyH5ti6FWtWdC6GhaMOIBtE0YDmSs --service=Imap --rhost=2001:db8::7
-- refused root wfk_JKg57kudyo_Cqvc3kscnQfdVEHJSm1gyH5ti6FWtWdC6GhaMOIBtE0YDmSs --service=ftp --rhost=192.0.2.7
-- refused root wfk_JKg57kudyo_Cqvc3kscnQfdVEHJSm1gyH5ti6FWtWdC6GhaMOIBtE0YDmSs --service=sshd --rhost=192.0.3.7
-- refused root wfk_JKg57kudyo_Cqvc3kscnQfdVEHJSm1gyH5ti6FWtWdC6GhaMOIBtE0YDmSs --service=sshd
-- refused daemon wfk_1gMRvgbglY_PFYURmgMnM1u5rAIJmEdMcv9USMclf14fmbT1hggBX3zAP79
-- refused daemon wfk_kXD5CRGHnI_cNyOqED9Rh7e1TGqgOW6PfMrT1r51cSKRkdV1NArsS0hH5Ts
-- refused bin wfk_MKI5Hlvz2F_DiVHSG3PFr89iEQHwQ0kKGCYzLUzsLfRuaAJhitZYM1FZEv1
-- accepted bin wfk_MKI5Hlvz2F_2gR0rkJ74q0JdsDPu8SsMOZkGHuiPbcXXNsr8yOaqG0ypHuE
-- accepted bin wfk_9iAD28mqOj_7aJuSmaTYTYpWtf4tpGiDG0NS3ZMHVCUF2gqFqYChI0pQH2W
-- accepted bin wfk_9UDOBPnx84_NPCdd3opSIV41XgAUUY1mxm3wzyAwgwBPUinAWuAd11y5rjT
-- refused bin wfk_cP9VIq54uY_bKSZAQTlZ3pxLgp49r6a5iPbhp1zatXnS25aQOe8so0RLPRm
-- accepted bin wfk_WcVsBUchud_47Yl2zwhjlBa4bljLz56eIe6o0aexrfwoiuVkXpSor1h2OMg
-- accepted bin wfk_hHj5JJr9rY_weZZjEuR6P2b3zjMotLmeJavHUQp1daGoEzAkklNqt2b7Ul8
-- refused leaver wfk_dVogzpl0d0_Onvcw37bo2vN1JHvnCQI1QGVDiylh74OMLOcGK361a2M7IkT
-- refused root wfk_bVyub34T7f_rZCEAuyTRWcECFH6ruDkHhqIAE3ozCQcmZUz1DQ6V820XReU
PRAGMA application_id = 1464224561;
PRAGMA user_version = 5;
PRAGMA foreign_keys=OFF;
BEGIN TRANSACTION;
CREATE TABLE pepper (  id INTEGER PRIMARY KEY,  created_at INTEGER NOT NULL DEFAULT (unixepoch())) STRICT;
INSERT INTO pepper VALUES(394872316,1795933136);
CREATE TABLE policy (  name TEXT PRIMARY KEY,  value INTEGER NOT NULL,  changed_at INTEGER NOT NULL) STRICT, WITHOUT ROWID;
INSERT INTO policy VALUES('enabled',1,1795933136);
INSERT INTO policy VALUES('epoch',1,1795933136);
INSERT INTO policy VALUES('lapsed',1793341136,1795933136);
INSERT INTO policy VALUES('lifetime',0,1795933136);
INSERT INTO policy VALUES('max-keys-per-user',100,1795933136);
CREATE TABLE key (  id TEXT PRIMARY KEY CHECK (length(id) = 10),  digest BLOB NOT NULL CHECK (length(digest) = 32),  pepper INTEGER NOT NULL REFERENCES pepper (id),  owner TEXT NOT NULL CHECK (owner <> ''),  owner_uid INTEGER NOT NULL,  name TEXT NOT NULL,  services TEXT NOT NULL,  networks TEXT NOT NULL,  status INTEGER NOT NULL CHECK (status IN (0, 1)),  reason TEXT NOT NULL,  created_at INTEGER NOT NULL,  updated_at INTEGER NOT NULL,  expires_at INTEGER NOT NULL,  bound_at INTEGER NOT NULL, linked TEXT NOT NULL DEFAULT '', origin TEXT NOT NULL DEFAULT '', predecessor TEXT NOT NULL DEFAULT '', successor TEXT NOT NULL DEFAULT '', retires_at INTEGER NOT NULL DEFAULT 0, epoch INTEGER NOT NULL DEFAULT 0, dead_at INTEGER NOT NULL DEFAULT 0, ends_at INTEGER AS (min(  CASE WHEN expires_at > 0 THEN expires_at ELSE 9223372036854775807 END,  CASE WHEN bound_at > 0 THEN bound_at ELSE 9223372036854775807 END,  CASE WHEN retires_at > 0 THEN retires_at ELSE 9223372036854775807 END)) VIRTUAL) STRICT, WITHOUT ROWID;
INSERT INTO "key" VALUES('1gMRvgbglY',X'e4444b6fa15ba4ff0731f186bf004007255ab7cbc80af7a849095a3cc721c932',394872316,'daemon',1,'key','','',1,'stolen, it is said',1795933137,1795933137,0,0,'','','','',0,1,1795933137);
INSERT INTO "key" VALUES('9UDOBPnx84',X'd5ffef8cac436e9a60ac1e141e2069572bee74abe88f3681a7fdbc0500c89bd3',394872316,'bin',2,'linked','','',0,'',1795933137,1795933137,0,0,'daemon','','','',0,1,0);
INSERT INTO "key" VALUES('9iAD28mqOj',X'f9fdce1efe4ac79b0ff9463b5f5888607057b06ebb48ff814fd65eb38b683573',394872316,'bin',2,'another name','','',0,'',1795933137,1795933137,0,0,'','','','',0,1,0);
INSERT INTO "key" VALUES('JKg57kudyo',X'f1f9e02e9c0c3529f7d34252234c4abe415a104f2623aabe085fc13394d37158',394872316,'root',0,'backup job','sshd Imap','192.0.2.0/24 2001:db8::/32',0,'',1795933136,1795933136,4102444800,0,'','','','',0,1,0);
INSERT INTO "key" VALUES('KqQr8wYl6m',X'9f9fd040f3bca582c7aa0c39b5db64797590868f5139a73227823a585b141273',394872316,'root',0,'key','','',0,'',1795933136,1795933136,0,0,'','','','',0,0,0);
INSERT INTO "key" VALUES('MKI5Hlvz2F',X'75f921ff5818de68e2d3cfd86e61bb7b29aa8829e266422e336f96fbbb3d1311',394872316,'bin',2,'key','','',0,'',1795933137,1795933137,0,0,'','','','',0,1,0);
INSERT INTO "key" VALUES('WcVsBUchud',X'fc2e15c32d39c007c37b24803e2419b19d9046a3aaefafd58b149d08ec109c75',394872316,'bin',2,'overlap','','',0,'',1795933137,1795933137,0,0,'','','cP9VIq54uY','',0,1,0);
INSERT INTO "key" VALUES('bVyub34T7f',X'46286b0a109f642060ba148e7edf4e79cea3ba7a99cc19896db71593a5f04a24',394872316,'root',0,'key','','',0,'',1795933137,1795933137,1795933138,0,'','','','',0,1,1795933138);
INSERT INTO "key" VALUES('cP9VIq54uY',X'c7c03591c9cb1c4554e253a98cbc63352a05960d963c27df92036f0ffeeee72a',394872316,'bin',2,'overlap','','',0,'',1795933137,1795933137,0,0,'','','','WcVsBUchud',1795933138,1,1795933138);
INSERT INTO "key" VALUES('dVogzpl0d0',X'85d7b04ad2ad4f6c2e4c4f4242dfb1c461ad707fbd69d47cea17a233886c367e',394872316,'leaver',64321,'key','','',1,'the account was removed',1795933138,1795933138,0,0,'','','','',0,1,1795933138);
INSERT INTO "key" VALUES('fk7k2Eup8U',X'b7471a58385fe359a7b6cdf6ff39c131d2f1f8d16e5cfcf79c15fcdd689d376d',394872316,'bin',2,'first-use','','',0,'',1795933138,1795933138,0,0,'','','hHj5JJr9rY','',0,1,0);
INSERT INTO "key" VALUES('hHj5JJr9rY',X'05c3964d47c0ce5d73549422cd4607e8aa09920ed0e8435798f66dbe38eeae20',394872316,'bin',2,'first-use','','',0,'',1795933138,1795933138,0,0,'','','','fk7k2Eup8U',-1,1,0);
INSERT INTO "key" VALUES('vYqdGPkfDU',X'38005fb0c32de5d850a696c275aaac3d557497deedfb0308977825c8c48b6bce',394872316,'root',0,'plain','','',0,'',1795933136,1795933136,0,0,'','','','',0,1,0);
CREATE TABLE key_use (  id TEXT PRIMARY KEY REFERENCES key (id) ON DELETE CASCADE,  last_at INTEGER NOT NULL,  service TEXT NOT NULL,  rhost TEXT NOT NULL,  uses INTEGER NOT NULL) STRICT, WITHOUT ROWID;
INSERT INTO key_use VALUES('9UDOBPnx84',1795933137,'wfapikeyctl','',1);
INSERT INTO key_use VALUES('9iAD28mqOj',1795933137,'wfapikeyctl','',1);
INSERT INTO key_use VALUES('JKg57kudyo',1795933136,'Imap','2001:db8::7',2);
INSERT INTO key_use VALUES('MKI5Hlvz2F',1795933137,'wfapikeyctl','',1);
INSERT INTO key_use VALUES('WcVsBUchud',1795933138,'wfapikeyctl','',1);
INSERT INTO key_use VALUES('cP9VIq54uY',1795933137,'wfapikeyctl','',14);
INSERT INTO key_use VALUES('dVogzpl0d0',1795933138,'wfapikeyctl','',1);
INSERT INTO key_use VALUES('hHj5JJr9rY',1795933138,'wfapikeyctl','',1);
INSERT INTO key_use VALUES('vYqdGPkfDU',1795933136,'wfapikeyctl','',1);
CREATE TABLE account (  name TEXT PRIMARY KEY CHECK (name <> ''),  state INTEGER NOT NULL CHECK (state IN (1, 2)),  uid INTEGER NOT NULL,  local INTEGER NOT NULL,  admin INTEGER NOT NULL,  locked INTEGER NOT NULL,  password_ends_at INTEGER NOT NULL,  closes_at INTEGER NOT NULL,  gone_since INTEGER NOT NULL,  checked_at INTEGER NOT NULL) STRICT, WITHOUT ROWID;
INSERT INTO account VALUES('bin',1,2,1,0,0,0,0,0,1795933138);
INSERT INTO account VALUES('daemon',1,1,1,0,0,0,0,0,1795933137);
INSERT INTO account VALUES('leaver',2,0,1,0,0,0,0,1795933138,1795933138);
INSERT INTO account VALUES('root',1,0,1,1,0,0,0,0,1795933137);
CREATE TABLE audit (  seq INTEGER PRIMARY KEY,  at INTEGER NOT NULL,  until INTEGER NOT NULL,  count INTEGER NOT NULL,  uid INTEGER NOT NULL,  pid INTEGER NOT NULL,  owner_uid INTEGER NOT NULL,  event TEXT NOT NULL,  verdict TEXT NOT NULL,  door TEXT NOT NULL,  key TEXT NOT NULL,  user TEXT NOT NULL,  service TEXT NOT NULL,  rhost TEXT NOT NULL,  reason TEXT NOT NULL,  detail TEXT NOT NULL,  hash BLOB NOT NULL) STRICT;
INSERT INTO audit VALUES(1,1795933136,1795933136,1,4294967295,0,4294967295,'begun','done','daemon','','','','','','',X'f8a005b6427878bc4d643401cc06cdd0859459d3c0e018993a2a87f75439217c');
INSERT INTO audit VALUES(2,1795933136,1795933136,1,0,31266,4294967295,'policy','done','control','','','','','','enabled=yes',X'543587d441ef725dda03ce4a524bc6d029d275a0155d1d57dbe1d89409f429da');
INSERT INTO audit VALUES(3,1795933136,1795933136,1,0,31266,4294967295,'policy','done','control','','','','','','lifetime=none',X'9dc063a71e1ac8e2384adf4e55609752c350e0dfcd47c588963b85b654533102');
INSERT INTO audit VALUES(4,1795933136,1795933136,1,0,31266,4294967295,'policy','done','control','','','','','','max-keys-per-user=100',X'0cadd128ca71163a78eb2b165e3e516e51ac459e156a7977b090be34f42d8e83');
INSERT INTO audit VALUES(5,1795933136,1795933136,1,0,31273,0,'issued','done','control','KqQr8wYl6m','root','','','','',X'e0bde5e702dd68a08bf0be3e92d14d72bab4e628201ee6c6dbee1dee2605787f');
INSERT INTO audit VALUES(6,1795933136,1795933136,1,0,31287,4294967295,'removed-all','done','control','','','','','','1 keys',X'1456c7c6eb26b8f9683954a325dcb8e1954a53bc91dffad058af8751262c32ad');
INSERT INTO audit VALUES(7,1795933136,1795933136,1,0,31291,0,'issued','done','control','vYqdGPkfDU','root','','','','',X'1c91954fe2aceb2812da904c4e212027d5415083ec7e6d378bee1f3e2274a3ad');
INSERT INTO audit VALUES(8,1795933136,1795933136,1,0,31303,0,'issued','done','control','JKg57kudyo','root','','','','',X'ac809162e5030d6d0b3e504d482f27ffcf8133cad99a2b68dab8e939962604b1');
INSERT INTO audit VALUES(9,1795933137,1795933137,1,0,31333,1,'issued','done','control','1gMRvgbglY','daemon','','','','',X'21090e1a4dd3cb1c5ff398f117962b1b9e0c49470dbeadf3e927a364c5d71dc8');
INSERT INTO audit VALUES(10,1795933137,1795933137,1,0,31340,1,'revoked','done','control','1gMRvgbglY','daemon','','','','stolen, it is said',X'df9489505ee493bcddcd6c6727bc7f42287cc9ae3628667b6e3e7f8d33a30c5b');
INSERT INTO audit VALUES(11,1795933137,1795933137,1,0,31345,1,'issued','done','control','kXD5CRGHnI','daemon','','','','',X'7953db05de668a7c35d0d959a213b82a35f403280c806978e29bdf2ec9ceb64c');
INSERT INTO audit VALUES(12,1795933137,1795933137,1,0,31349,1,'removed','done','control','kXD5CRGHnI','daemon','','','','',X'22dd032b8f006c2717feb3d4c75e5d0b2048546c1a3a7e59c56003726af01200');
INSERT INTO audit VALUES(13,1795933137,1795933137,1,0,31356,2,'issued','done','control','MKI5Hlvz2F','bin','','','','',X'2e44eae4f3282f1c5f517afefbb6596d2cc93b1d417c31612ee273a774cdb49a');
INSERT INTO audit VALUES(14,1795933137,1795933137,1,0,31362,2,'reset','done','control','MKI5Hlvz2F','bin','','','','',X'90a2e8fc3128bda80aa5b73dfd298ce9ebc9a845e554c9f0aec47b2956b589b6');
INSERT INTO audit VALUES(15,1795933137,1795933137,1,0,31372,2,'issued','done','control','9iAD28mqOj','bin','','','','',X'1af9ece53c5d72e06754a44b7925a9d80288ea88f868aa04a1e6200a77056e0a');
INSERT INTO audit VALUES(16,1795933137,1795933137,1,0,31380,2,'renamed','done','control','9iAD28mqOj','bin','','','','another name',X'a94d171c594b91f72fb444b1720f1bee5a92850f48f34129b1155d19fa986ade');
INSERT INTO audit VALUES(17,1795933137,1795933137,1,0,31385,0,'issued','done','control','bVyub34T7f','root','','','','',X'8cdf94ec71dcb59dd4b3fad022e078700aa93e2211173d4250dde363ab382793');
INSERT INTO audit VALUES(18,1795933137,1795933137,1,0,31393,2,'issued','done','control','9UDOBPnx84','bin','','','','',X'645f2586ce29410a04519936276d29b330db0019465351357e39a7d7e7f95aaf');
INSERT INTO audit VALUES(19,1795933137,1795933137,1,0,31407,2,'issued','done','control','cP9VIq54uY','bin','','','','',X'ad1c680dde42b4a772a2b36094dad966e0383a1c2f120efc5a12b792ed28c05f');
INSERT INTO audit VALUES(20,1795933137,1795933137,1,0,31416,2,'issued','done','control','WcVsBUchud','bin','','','','',X'eb56daae08f95b00864bc2c69105a35878a783c90895ca9c4e9bb42a398680f5');
INSERT INTO audit VALUES(21,1795933137,1795933137,1,0,31416,2,'rotated','done','control','cP9VIq54uY','bin','','','','WcVsBUchud',X'd5877367659e221d940dcf6dbbce46d98e803239d023ead3fe58269e880339e2');
INSERT INTO audit VALUES(22,1795933138,1795933138,1,4294967295,0,0,'expired','done','daemon','bVyub34T7f','root','','','','2026-11-29T06:18:58Z',X'fdd2c3b2d0118c9706ce62a3bbf22dc71528a38532ed9d1aaf2a6da342e46f49');
INSERT INTO audit VALUES(23,1795933138,1795933138,1,4294967295,0,2,'retired','done','daemon','cP9VIq54uY','bin','','','','2026-11-29T06:18:58Z',X'a2a8d07461769c50b34bc92733b94dba74857ad53d01ecd2036a159305629405');
INSERT INTO audit VALUES(24,1795933138,1795933138,1,0,31773,2,'issued','done','control','hHj5JJr9rY','bin','','','','',X'9bad8e8dce97ae4c1790c6aa619d533e1a1d3c47d19255117fa09df281fa703a');
INSERT INTO audit VALUES(25,1795933138,1795933138,1,0,31780,2,'issued','done','control','fk7k2Eup8U','bin','','','','',X'a854c4abc4ec8f3479cfa7759edce68a2b25633633547231afd7257819aa9202');
INSERT INTO audit VALUES(26,1795933138,1795933138,1,0,31780,2,'rotated','done','control','hHj5JJr9rY','bin','','','','fk7k2Eup8U',X'ebd5b344f31d89a79cd67e6ee1806ae2bc8c1caabfa6909c41c152b6a25694dd');
INSERT INTO audit VALUES(27,1795933138,1795933138,1,0,31785,64321,'issued','done','control','dVogzpl0d0','leaver','','','','',X'839cca5a2f2142f5192c21a07a4b389b263ab50dd8a2eff17fca59cdb0bc5431');
INSERT INTO audit VALUES(28,1795933138,1795933138,1,4294967295,0,64321,'revoked','done','daemon','dVogzpl0d0','leaver','','','','the account was removed',X'e0092eded703c10d3102d63beb0b82752d05bb18da35a93572d0ab2d0d366314');
INSERT INTO audit VALUES(29,1795933138,1795933138,1,0,31854,4294967295,'exported','done','control','','','','','','mirror for wfm_1y5jujMFfHpgmRTGsXkcv9kImgMffA6yzJeiUnziPmw8caW7n',X'5f4c832f948291fd13e37173b2c4fca74e05eeff40378890ab4d193da7a9f3cf');
INSERT INTO audit VALUES(30,1795933136,1795933136,1,0,31289,0,'login','refused','verify','KqQr8wYl6m','root','wfapikeyctl','','removed','',X'820cbb0f807d9875a8764a31df55c195a5b1183aed58be93e021b0e7e6a0aa3e');
INSERT INTO audit VALUES(31,1795933136,1795933136,1,0,31298,0,'login','accepted','verify','vYqdGPkfDU','root','wfapikeyctl','','','',X'8812ca5c4d1f329149f78ffab8d4e97e6fed02aeed08d6c1859af7be42b5090c');
INSERT INTO audit VALUES(32,1795933136,1795933136,1,0,31300,0,'login','refused','verify','vYqdGPkfDU','root','wfapikeyctl','','other-user','for user ''daemon''',X'069c9434b32525a74a81c8405ea9c3780d51101f979d10aa59d8100def385c90');
INSERT INTO audit VALUES(33,1795933136,1795933136,1,0,31318,0,'login','accepted','verify','JKg57kudyo','root','sshd','192.0.2.7','','',X'8183221622552946e40dba66814fd59adaaba522217acf5cd60fc9724ecb52f0');
INSERT INTO audit VALUES(34,1795933136,1795933136,1,0,31322,0,'login','accepted','verify','JKg57kudyo','root','Imap','2001:db8::7','','',X'7617467007774cad79b44d06501dbbd0f7a21a9249ad714211bb8da0861fa009');
INSERT INTO audit VALUES(35,1795933136,1795933136,1,0,31325,0,'login','refused','verify','JKg57kudyo','root','ftp','192.0.2.7','service','',X'5d0140fd25936d7454db1585d5ba70d86294bd83f26d18c07baf14ee595605ee');
INSERT INTO audit VALUES(36,1795933137,1795933137,1,0,31327,0,'login','refused','verify','JKg57kudyo','root','sshd','192.0.3.7','source','',X'e322cb63e4177c35f8dbc4314f21c71c07a0c3f64f4c9874c88cb5e45aefefdb');
INSERT INTO audit VALUES(37,1795933137,1795933137,1,0,31330,0,'login','refused','verify','JKg57kudyo','root','sshd','','source-unknown','',X'61caf533634cfe048a2f03c3ce86dbe51fe0c950e48fb16784b7a60b33b7bea7');
INSERT INTO audit VALUES(38,1795933137,1795933137,1,0,31343,1,'login','refused','verify','1gMRvgbglY','daemon','wfapikeyctl','','revoked','',X'c1b0a58f6c0ab77bc5f4935434a89495f367c1a09443e07c38141bdd552c1872');
INSERT INTO audit VALUES(39,1795933137,1795933137,1,0,31354,4294967295,'login','refused','verify','kXD5CRGHnI','daemon','wfapikeyctl','','unknown-key','',X'd5433144f2c89e2d7afcfb25b22488037b38fcf5e4d6ad01ec3f29f2c13496ca');
INSERT INTO audit VALUES(40,1795933137,1795933137,1,0,31366,2,'login','refused','verify','MKI5Hlvz2F','bin','wfapikeyctl','','wrong-secret','',X'aea8475ee64aa25f42989a9dfad2a65e8425200c7954a47be8495365fd11f2d1');
INSERT INTO audit VALUES(41,1795933137,1795933137,1,0,31370,2,'login','accepted','verify','MKI5Hlvz2F','bin','wfapikeyctl','','','',X'5efe23d069754d614bd6d7cffc89d442b269fcae1eff214e3b7b2c36f30fc963');
INSERT INTO audit VALUES(42,1795933137,1795933137,1,0,31383,2,'login','accepted','verify','9iAD28mqOj','bin','wfapikeyctl','','','',X'8cae545a82b7005ca5ae890e9e8e219f9729e3f345b39d7d9af24aa27e9e1618');
INSERT INTO audit VALUES(43,1795933137,1795933137,1,0,31404,2,'login','accepted','verify','9UDOBPnx84','bin','wfapikeyctl','','','',X'46a3d9d5b0a0ba282ef7271fa96da16a0b7d0e36d6934d1cacf56fce14c559e5');
INSERT INTO audit VALUES(44,1795933137,1795933137,14,0,31738,2,'login','accepted','verify','cP9VIq54uY','bin','wfapikeyctl','','','',X'18a54208635c006db5ac159bd66b0f1b984f3832cfa63bb8c4eb99566709f664');
INSERT INTO audit VALUES(45,1795933138,1795933138,2,0,31766,2,'login','refused','verify','cP9VIq54uY','bin','wfapikeyctl','','retired','',X'7654de3b77803cce557afb4f4e808250a5e286c09089b4bc79b6b740963ba05f');
INSERT INTO audit VALUES(46,1795933138,1795933138,1,0,31770,2,'login','accepted','verify','WcVsBUchud','bin','wfapikeyctl','','','',X'ed494bdeae1fa726e14074c1428edcebbc2a95836060c158aba293d9cd32c68a');
INSERT INTO audit VALUES(47,1795933138,1795933138,1,0,31783,2,'login','accepted','verify','hHj5JJr9rY','bin','wfapikeyctl','','','',X'470919ebd35820e2314edaacb222454c0fb3d984767d671e958c6433e1e3d147');
INSERT INTO audit VALUES(48,1795933138,1795933138,1,0,31793,64321,'login','accepted','verify','dVogzpl0d0','leaver','wfapikeyctl','','','',X'515709a4a9b4680878e08f9d3aa428614e129c0025cdf2e9546280320a4fe772');
INSERT INTO audit VALUES(49,1795933138,1795933138,2,0,31822,64321,'login','refused','verify','dVogzpl0d0','leaver','wfapikeyctl','','revoked','',X'0a6c32597b92874b3e360a82fe6be48a374ed240e0957bbd80bd114cf2905177');
INSERT INTO audit VALUES(50,1795933138,1795933138,1,0,31841,0,'login','refused','verify','bVyub34T7f','root','wfapikeyctl','','expired','',X'1310b4258c55cf2dabe6d35d8845350bff748e7059d6d2341266704bce6273bb');
CREATE TABLE audit_chain (  id INTEGER PRIMARY KEY CHECK (id = 1),  base_seq INTEGER NOT NULL,  base_hash BLOB NOT NULL,  head_seq INTEGER NOT NULL,  head_hash BLOB NOT NULL,  mac BLOB NOT NULL) STRICT;
INSERT INTO audit_chain VALUES(1,0,X'0000000000000000000000000000000000000000000000000000000000000000',50,X'1310b4258c55cf2dabe6d35d8845350bff748e7059d6d2341266704bce6273bb',X'0b894137bf820e7051723de3895a118c7d9bc67496a97beeff9d9d24b0616704');
CREATE TABLE mirror (  one INTEGER PRIMARY KEY CHECK (one = 1),  exported INTEGER NOT NULL,  source BLOB NOT NULL CHECK (length(source) IN (0, 32)),  imported INTEGER NOT NULL) STRICT;
INSERT INTO mirror VALUES(1,1795933138000,X'',0);
CREATE INDEX key_owner ON key (owner);
CREATE INDEX key_ends ON key (ends_at) WHERE dead_at = 0;
CREATE INDEX key_made ON key (created_at) WHERE dead_at = 0 AND expires_at = 0;
CREATE INDEX key_dead ON key (dead_at) WHERE dead_at <> 0;
CREATE INDEX key_epoch ON key (epoch);
CREATE INDEX key_linked ON key (linked) WHERE linked <> '';
CREATE INDEX account_uid ON account (uid);
CREATE INDEX account_password ON account (password_ends_at) WHERE password_ends_at <> 0;
CREATE INDEX audit_key ON audit (key) WHERE key <> '';
CREATE INDEX audit_user ON audit (user) WHERE user <> '';
COMMIT;
