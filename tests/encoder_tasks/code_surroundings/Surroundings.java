import java.io.*;
import java.net.*;
import java.net.http.HttpClient;
import java.nio.ByteBuffer;
import java.nio.file.*;
import java.security.*;
import java.sql.*;
import java.sql.Timestamp;
import java.time.Duration;
import java.util.*;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.zip.*;
import javax.crypto.*;
import javax.crypto.spec.*;
import javax.naming.*;
import javax.naming.directory.*;
import javax.xml.XMLConstants;
import javax.xml.parsers.*;
import org.w3c.dom.Document;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;
import org.xml.sax.SAXException;

abstract class Surroundings {
    static final int MAX_WANTED = 100;
    static final Map<String, String> BASES = new HashMap<>();
    static final Map<String, Class<? extends OrderWriter>> WRITERS = new HashMap<>();
    Map<String, AtomicInteger> stock;
    Queue<String> events;
    Users users;
    SecureRandom random;
    javax.sql.DataSource pool;
    SecretKey macKey;

    interface Users { void setAddress(long id, String address); }
    interface Request { Session session(); String parameter(String name); }
    interface Response { void send(int status, String text); void redirect(String place); }
    interface Session { User user(); String formToken(); }
    interface OrderWriter { void write(List<Order> orders, OutputStream out) throws IOException; }
    static class User { long id; }
    static class Order implements Serializable { List<String> lines; }
}
